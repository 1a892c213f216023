// What waits: poll(), select(), epoll_wait() and their relatives.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "libwebsocket/interpose/calls.h"
#include "libwebsocket/interpose/epoll.h"
#include "libwebsocket/interpose/real_calls.h"
#include "libwebsocket/interpose/socket_table.h"
#include "libwebsocket/interpose/wait.h"

namespace marmoset::interpose {

namespace {

timespec from_milliseconds(int milliseconds) {
    return {milliseconds / 1000, milliseconds % 1000 * 1000000L};
}

bool in_set(const fd_set* set, int fd) {
    return set && FD_ISSET(fd, set);
}

int select_sockets(int count, fd_set* input, fd_set* output, fd_set* exceptional, const timespec* timeout,
                   const sigset_t* mask) {
    std::vector<pollfd> polled;
    bool any = false;
    for (int fd = 0; fd < count; ++fd) {
        const short events =
            static_cast<short>((in_set(input, fd) ? POLLIN : 0) | (in_set(output, fd) ? POLLOUT : 0) |
                               (in_set(exceptional, fd) ? POLLPRI : 0));
        if (events == 0) continue;
        polled.push_back({fd, events, 0});
        any = any || find_socket(fd);
    }
    if (!any) return real().pselect(count, input, output, exceptional, timeout, mask);
    const int ready = poll_sockets(polled.data(), polled.size(), timeout, mask);
    if (ready < 0) return ready;
    int told = 0;
    for (const pollfd& one : polled) {
        if ((one.revents & POLLNVAL) != 0) {
            errno = EBADF;
            return -1;
        }
        // select()'s idea of ready: an end or an error can be read and written.
        const auto tell = [&](fd_set* set, short events) {
            if (!in_set(set, one.fd)) return;
            if ((one.revents & events) != 0) {
                ++told;
            } else {
                FD_CLR(one.fd, set);
            }
        };
        tell(input, POLLIN | POLLHUP | POLLERR);
        tell(output, POLLOUT | POLLERR);
        tell(exceptional, POLLPRI);
    }
    return told;
}

}  // namespace

}  // namespace marmoset::interpose

using namespace marmoset::interpose;

INTERPOSED int poll(pollfd* fds, nfds_t count, int timeout) {
    const timespec limit = from_milliseconds(std::max(timeout, 0));
    return poll_sockets(fds, count, timeout < 0 ? nullptr : &limit, nullptr);
}

INTERPOSED int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
    return poll_sockets(fds, count, timeout, mask);
}

INTERPOSED int pselect(int count, fd_set* __restrict input, fd_set* __restrict output,
                       fd_set* __restrict exceptional, const timespec* __restrict timeout,
                       const sigset_t* __restrict mask) {
    return select_sockets(count, input, output, exceptional, timeout, mask);
}

INTERPOSED int select(int count, fd_set* __restrict input, fd_set* __restrict output,
                      fd_set* __restrict exceptional, timeval* __restrict timeout) {
    timespec limit{};
    if (timeout) limit = {timeout->tv_sec + timeout->tv_usec / 1000000, timeout->tv_usec % 1000000 * 1000};
    Deadline deadline(timeout ? &limit : nullptr);
    const int ready = select_sockets(count, input, output, exceptional, timeout ? &limit : nullptr, nullptr);
    // Linux leaves in it what was not slept.
    if (timeout) {
        const timespec* left = deadline.left();
        *timeout = {left->tv_sec, left->tv_nsec / 1000};
    }
    return ready;
}

INTERPOSED int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
    return control_epoll(epoll, operation, fd, event);
}

INTERPOSED int epoll_pwait(int epoll, epoll_event* events, int most, int timeout, const sigset_t* mask) {
    const timespec limit = from_milliseconds(std::max(timeout, 0));
    return wait_epoll(epoll, events, most, timeout < 0 ? nullptr : &limit, mask);
}

INTERPOSED int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
    return epoll_pwait(epoll, events, most, timeout, nullptr);
}

INTERPOSED int epoll_pwait2(int epoll, epoll_event* events, int most, const timespec* timeout,
                            const sigset_t* mask) {
    return wait_epoll(epoll, events, most, timeout, mask);
}
