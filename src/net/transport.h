// Bytes in and out of one peer, without blocking. A plain socket here; TLS is another one over the same
// socket.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <string>

#include "base/bytes.h"

namespace marmoset::net {

class Transport {
  public:
    virtual ~Transport() = default;

    /// The socket to poll. Owned by the transport.
    virtual int descriptor() const = 0;

    /// What must be exchanged before the first byte can be read or written (TLS).
    enum class Handshake : uint8_t {
        Done,
        WantsRead,   ///< call again when the socket is readable
        WantsWrite,  ///< call again when the socket is writable
        Failed,      ///< error() says why
    };
    virtual Handshake handshake() { return Handshake::Done; }
    /// Why the handshake, or a read or write with -EPROTO, has failed: one line for people.
    virtual std::string error() const { return {}; }
    /// True while bytes of the peer wait in the transport itself: read() gives them although the socket is
    /// not readable.
    virtual bool pending() const { return false; }

    /// > 0 bytes, 0 end of stream, -EAGAIN nothing there, else -errno.
    virtual ssize_t read(MutableBytes into) = 0;
    /// Bytes taken, or -EAGAIN, or -errno. `more`: a file follows at once, the head need not travel alone.
    virtual ssize_t write(const iovec* pieces, int count, bool more) = 0;
    /// Sends `size` bytes of file `fd` from `offset`; bytes sent, -EAGAIN, -errno; 0: the file is shorter
    /// than that.
    virtual ssize_t send_file(int fd, off_t offset, size_t size) = 0;
    /// Half-close: no more bytes follow.
    virtual void shutdown_write() = 0;
    /// The other end's TLS, for metadata and logs; plain sockets: false.
    virtual bool encrypted() const { return false; }
};

}  // namespace marmoset::net
