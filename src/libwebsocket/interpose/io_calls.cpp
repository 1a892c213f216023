// What reads and writes: recv(), send() and their relatives. On a client that speaks WebSocket each call that
// reads gives payload of one message, each that writes is one.
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "libwebsocket/interpose/calls.h"
#include "libwebsocket/interpose/epoll.h"
#include "libwebsocket/interpose/real_calls.h"
#include "libwebsocket/interpose/socket_table.h"

namespace marmoset::interpose {

namespace {

ssize_t receive(DirectSocket& socket, int fd, const iovec* pieces, size_t count, int flags) {
    const ssize_t size = socket.receive(pieces, count, flags);
    if (socket.buffered() || socket.edge_triggered()) touch_epoll(fd);
    return size;
}

ssize_t receive(DirectSocket& socket, int fd, void* buffer, size_t size, int flags) {
    const iovec piece{buffer, size};
    return receive(socket, fd, &piece, 1, flags);
}

ssize_t send(DirectSocket& socket, const void* buffer, size_t size, int flags) {
    const iovec piece{const_cast<void*>(buffer), size};
    return socket.send(&piece, 1, flags);
}

}  // namespace

}  // namespace marmoset::interpose

using namespace marmoset::interpose;

INTERPOSED ssize_t recvfrom(int fd, void* __restrict buffer, size_t size, int flags,
                            sockaddr* __restrict address, socklen_t* __restrict address_size) {
    if (DirectSocket* socket = find_socket(fd)) {
        if (address_size) *address_size = 0;  // as on any connected stream
        return receive(*socket, fd, buffer, size, flags);
    }
    return real().recvfrom(fd, buffer, size, flags, address, address_size);
}

INTERPOSED ssize_t recv(int fd, void* buffer, size_t size, int flags) {
    return recvfrom(fd, buffer, size, flags, nullptr, nullptr);
}

INTERPOSED ssize_t recvmsg(int fd, msghdr* message, int flags) {
    DirectSocket* socket = find_socket(fd);
    if (!socket) return real().recvmsg(fd, message, flags);
    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = 0;
    return receive(*socket, fd, message->msg_iov, message->msg_iovlen, flags);
}

INTERPOSED ssize_t read(int fd, void* buffer, size_t size) {
    if (DirectSocket* socket = find_socket(fd)) return receive(*socket, fd, buffer, size, 0);
    return real().read(fd, buffer, size);
}

INTERPOSED ssize_t readv(int fd, const iovec* pieces, int count) {
    if (DirectSocket* socket = find_socket(fd))
        return receive(*socket, fd, pieces, static_cast<size_t>(count), 0);
    return real().readv(fd, pieces, count);
}

INTERPOSED ssize_t sendto(int fd, const void* buffer, size_t size, int flags, const sockaddr* address,
                          socklen_t address_size) {
    if (DirectSocket* socket = find_socket(fd)) return send(*socket, buffer, size, flags);
    return real().sendto(fd, buffer, size, flags, address, address_size);
}

INTERPOSED ssize_t send(int fd, const void* buffer, size_t size, int flags) {
    return sendto(fd, buffer, size, flags, nullptr, 0);
}

INTERPOSED ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    if (DirectSocket* socket = find_socket(fd))
        return socket->send(message->msg_iov, message->msg_iovlen, flags);
    return real().sendmsg(fd, message, flags);
}

INTERPOSED ssize_t write(int fd, const void* buffer, size_t size) {
    if (DirectSocket* socket = find_socket(fd)) return send(*socket, buffer, size, 0);
    return real().write(fd, buffer, size);
}

INTERPOSED ssize_t writev(int fd, const iovec* pieces, int count) {
    if (DirectSocket* socket = find_socket(fd)) return socket->send(pieces, static_cast<size_t>(count), 0);
    return real().writev(fd, pieces, count);
}

// Programs that are told so read and write instead.
INTERPOSED ssize_t sendfile(int out, int in, off_t* offset, size_t size) noexcept {
    if (!find_socket(out)) return real().sendfile(out, in, offset, size);
    errno = EINVAL;
    return -1;
}

INTERPOSED ssize_t sendfile64(int out, int in, off64_t* offset, size_t size) noexcept {
    static_assert(sizeof(off_t) == sizeof(off64_t));
    return sendfile(out, in, reinterpret_cast<off_t*>(offset), size);
}
