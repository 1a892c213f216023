// A connected SOCK_SEQPACKET socket on a loop: whole packets in and out, never a part of one. Used by the
// link on both sides. byte_socket.h is the same over a SOCK_STREAM socket.
#pragma once

#include <sys/socket.h>
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
        /// A descriptor (SCM_RIGHTS) came with the packet that follows; none (false) if it was lost because
        /// the process has too many. Several, or one where takes_descriptors() is false, end the connection.
        virtual void on_descriptor(FileDescriptor descriptor) { (void)descriptor; }
        virtual bool takes_descriptors() const { return false; }
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
    PacketSocket(const PacketSocket&) = delete;
    PacketSocket& operator=(const PacketSocket&) = delete;
    /// Begins reading; false if the descriptor can't be polled.
    bool start();

    /// One packet of all pieces, with `descriptor` unless it is -1. Blocked: nothing was sent, on_writable()
    /// follows. Failed: on_end() follows at the next wake-up.
    virtual SendStatus send(const iovec* pieces, int count, int descriptor = -1);
    /// Bytes that send() took and the kernel has not.
    virtual size_t unsent() const { return 0; }

    /// Delivers what has arrived without waiting for a wake-up (at most 4,096 packets). Not from within a
    /// listener's call.
    void read_pending();

    /// Stops all callbacks and frees the object when libuv lets go of the handle.
    void close();
    int descriptor() const { return socket_.get(); }

  protected:
    virtual ~PacketSocket() = default;
    /// Delivers what has arrived, within one wake-up's share. False: nothing is left to be read.
    virtual bool read_some();
    /// The socket is writable. False: it is blocked again.
    virtual bool send_rest() { return true; }
    void wait_until_writable();
    /// Takes the descriptors of a received message. False: one that is not wanted; the listener has been
    /// told.
    bool take_descriptors(msghdr& message);

    Loop& loop_;
    FileDescriptor socket_;
    Listener* listener_;

  private:
    void on_poll(int status, int events);
    void poll(int events);

    uv_poll_t poll_;
    bool started_ = false;
    bool blocked_ = false;

  protected:
    bool closed_ = false;
};

/// Raises SO_SNDBUF toward `bytes` as far as the system allows.
void enlarge_send_buffer(int socket, int bytes);

}  // namespace marmoset::net
