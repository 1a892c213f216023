// Listening sockets: binding them (supervisor, still privileged) and accepting from them (worker).
#pragma once

#include <uv.h>

#include <functional>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"

namespace marmoset::net {

/// Binds and listens: `count` sockets that share one TCP port (SO_REUSEPORT, one a worker), or one UNIX
/// socket. `address`'s port 0 becomes the port the kernel picked. Before that a probe without SO_REUSEPORT,
/// so that a second instance fails clearly. A stale UNIX socket file is replaced only if nobody listens on
/// it; its mode is 0660.
Result<std::vector<FileDescriptor>> bind_listeners(ListenAddress& address, unsigned count);

/// Accepts from one listening socket on one loop. Takes at most 64 clients a wake-up so that others get their
/// turn. Pauses while the process has no descriptors for clients: newcomers wait in the kernel's queue.
class Listener final : public Timer {
  public:
    using OnAccept = std::function<void(FileDescriptor socket, const Address& peer)>;

    /// `socket` stays the caller's and outlives the listener. Starts stopped.
    Listener(Loop& loop, int socket, OnAccept on_accept);

    void start();
    void stop();
    bool running() const { return running_; }
    /// Releases the poll handle; the object frees itself in the close callback.
    void close();

  private:
    ~Listener() override;
    void accept_some();
    void pause(const char* why);
    void on_timer() override;

    Loop& loop_;
    int socket_;
    OnAccept on_accept_;
    uv_poll_t poll_;
    bool running_ = false;
};

}  // namespace marmoset::net
