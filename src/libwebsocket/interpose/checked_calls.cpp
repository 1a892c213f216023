// What _FORTIFY_SOURCE makes of calls that this library stands in front of: `room` is how large the compiler
// knows the buffer to be.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libwebsocket/interpose/calls.h"

// The names are the C library's.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" [[noreturn]] void __chk_fail() noexcept;

INTERPOSED ssize_t __recv_chk(int fd, void* buffer, size_t size, size_t room, int flags) {
    if (size > room) __chk_fail();
    return recv(fd, buffer, size, flags);
}

INTERPOSED ssize_t __recvfrom_chk(int fd, void* __restrict buffer, size_t size, size_t room, int flags,
                                  sockaddr* __restrict address, socklen_t* __restrict address_size) {
    if (size > room) __chk_fail();
    return recvfrom(fd, buffer, size, flags, address, address_size);
}

INTERPOSED ssize_t __read_chk(int fd, void* buffer, size_t size, size_t room) {
    if (size > room) __chk_fail();
    return read(fd, buffer, size);
}

INTERPOSED int __poll_chk(pollfd* fds, nfds_t count, int timeout, size_t room) {
    if (room / sizeof *fds < count) __chk_fail();
    return poll(fds, count, timeout);
}

INTERPOSED int __ppoll_chk(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask,
                           size_t room) {
    if (room / sizeof *fds < count) __chk_fail();
    return ppoll(fds, count, timeout, mask);
}
// NOLINTEND(bugprone-reserved-identifier)
