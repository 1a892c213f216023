#include "net/socket_transport.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace marmoset::net {

ssize_t SocketTransport::read(MutableBytes into) {
    for (;;) {
        const ssize_t count = recv(socket_.get(), into.data(), into.size(), 0);
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

ssize_t SocketTransport::write(const iovec* pieces, int count, bool more) {
    const int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces);
    message.msg_iovlen = static_cast<size_t>(count);
    for (;;) {
        const ssize_t sent = count == 1 ? send(socket_.get(), pieces->iov_base, pieces->iov_len, flags)
                                        : sendmsg(socket_.get(), &message, flags);
        if (sent >= 0) return sent;
        if (errno != EINTR) return -errno;
    }
}

ssize_t SocketTransport::send_file(int fd, off_t offset, size_t size) {
    for (;;) {
        const ssize_t sent = ::sendfile(socket_.get(), fd, &offset, std::min<size_t>(size, 0x7ffff000));
        if (sent >= 0) return sent;
        if (errno != EINTR) return -errno;
    }
}

bool SocketTransport::shutdown_write() {
    ::shutdown(socket_.get(), SHUT_WR);
    return true;
}

}  // namespace marmoset::net
