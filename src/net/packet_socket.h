// A connected SOCK_SEQPACKET socket on a loop: whole packets in and out, never a part of one. Used by the
// link on both sides.
#pragma once

#include <sys/uio.h>
#include <uv.h>

#include <functional>
#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "net/loop.h"

namespace marmoset::net {

class PacketSocket {
  public:
    class Listener {
      public:
        virtual ~Listener() = default;
        /// One packet, in the loop's read buffer; gone when the call returns.
        virtual void on_packet(MutableBytes packet) = 0;
        /// All packets that one wake-up may read have been delivered.
        virtual void on_packets_end() = 0;
        /// After send() said Blocked: there is room again.
        virtual void on_writable() = 0;
        /// The peer has gone or broke a rule: last call. `reason` for the log.
        virtual void on_end(const std::string& reason) = 0;
    };

    enum class SendStatus : uint8_t { Sent, Blocked, Failed };

    /// `listener` outlives the socket. Delete by close() only.
    PacketSocket(Loop& loop, FileDescriptor socket, Listener& listener);
    /// Begins reading; false if the descriptor can't be polled.
    bool start();

    /// One packet of all pieces. Blocked: nothing was sent, on_writable() follows. Failed: on_end() follows
    /// at the next wake-up.
    SendStatus send(const iovec* pieces, int count);

    /// Delivers what has arrived without waiting for a wake-up (at most 4,096 packets). Not from within a
    /// listener's call.
    void read_pending();

    /// Stops all callbacks and frees the object when libuv lets go of the handle.
    void close();
    int descriptor() const { return socket_.get(); }

  private:
    ~PacketSocket() = default;
    void on_poll(int status, int events);
    bool read_some();
    void poll(int events);

    Loop& loop_;
    FileDescriptor socket_;
    Listener* listener_;
    uv_poll_t poll_;
    bool started_ = false;
    bool blocked_ = false;
    bool closed_ = false;
};

/// Raises SO_SNDBUF toward `bytes` as far as the system allows.
void enlarge_send_buffer(int socket, int bytes);

}  // namespace marmoset::net
