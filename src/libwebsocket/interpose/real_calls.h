// The C library's own socket calls, behind those of the same name that this library puts in front of them.
#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <csignal>

namespace marmoset::interpose {

struct RealCalls {
#define REAL_CALL(result, name, ...) result (*name)(__VA_ARGS__)
    REAL_CALL(int, socket, int, int, int);
    REAL_CALL(int, accept4, int, sockaddr*, socklen_t*, int);
    REAL_CALL(int, close, int);
    REAL_CALL(int, dup, int);
    REAL_CALL(int, dup2, int, int);
    REAL_CALL(int, dup3, int, int, int);
    REAL_CALL(int, shutdown, int, int);
    REAL_CALL(int, getpeername, int, sockaddr*, socklen_t*);
    REAL_CALL(int, fcntl, int, int, ...);
    REAL_CALL(int, ioctl, int, unsigned long, ...);
    REAL_CALL(ssize_t, recvmsg, int, msghdr*, int);
    REAL_CALL(ssize_t, recvfrom, int, void*, size_t, int, sockaddr*, socklen_t*);
    REAL_CALL(ssize_t, sendmsg, int, const msghdr*, int);
    REAL_CALL(ssize_t, sendto, int, const void*, size_t, int, const sockaddr*, socklen_t);
    REAL_CALL(ssize_t, read, int, void*, size_t);
    REAL_CALL(ssize_t, readv, int, const iovec*, int);
    REAL_CALL(ssize_t, write, int, const void*, size_t);
    REAL_CALL(ssize_t, writev, int, const iovec*, int);
    REAL_CALL(ssize_t, sendfile, int, int, off_t*, size_t);
    REAL_CALL(int, ppoll, pollfd*, nfds_t, const timespec*, const sigset_t*);
    REAL_CALL(int, pselect, int, fd_set*, fd_set*, fd_set*, const timespec*, const sigset_t*);
    REAL_CALL(int, epoll_ctl, int, int, int, epoll_event*);
    REAL_CALL(int, epoll_pwait, int, epoll_event*, int, int, const sigset_t*);
    REAL_CALL(int, close_range, unsigned, unsigned, int);
    REAL_CALL(void, closefrom, int);
    REAL_CALL(void, _exit, int);
#undef REAL_CALL
};

/// Looked up once; callable from the first call of the program on, also before main().
const RealCalls& real();

}  // namespace marmoset::interpose
