// Bytes in and out of one peer, without blocking. A plain socket here; TLS is another one over the same
// socket.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include "base/bytes.h"

namespace marmoset::net {

class Transport {
  public:
    virtual ~Transport() = default;

    /// The socket to poll. Owned by the transport.
    virtual int descriptor() const = 0;
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
