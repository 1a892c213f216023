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

/// Whether others may have bound the port.
enum class PortUse : uint8_t {
    Alone,   ///< a probe without SO_REUSEPORT comes first, so that a second instance fails clearly
    Shared,  ///< sockets of our own have it already
};

/// Binds `count` sockets that share one TCP port (SO_REUSEPORT, one a worker), or one UNIX socket; none
/// listens yet, so none is given a client. `address`'s port 0 becomes the port the kernel picked. A stale
/// UNIX socket file is replaced only if nobody listens on it; its mode is 0660.
Result<std::vector<FileDescriptor>> bind_listeners(ListenAddress& address, unsigned count,
                                                   PortUse use = PortUse::Alone);
/// From now on the kernel gives it clients. One that listens already goes on.
Result<void> listen_on(int socket, const std::string& address);

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
    /// Takes the clients that wait already: the socket is about to be closed for good.
    void accept_waiting();
    /// Releases the poll handle; the object frees itself in the close callback.
    void close();

  private:
    ~Listener() override;
    bool accept_some();
    void pause(const char* why);
    void on_timer() override;

    Loop& loop_;
    int socket_;
    OnAccept on_accept_;
    uv_poll_t poll_;
    bool running_ = false;
};

}  // namespace marmoset::net
