#include "libwebsocket/interpose/wait.h"

#include <algorithm>
#include <vector>

#include "libwebsocket/interpose/epoll.h"
#include "libwebsocket/interpose/real_calls.h"
#include "libwebsocket/interpose/socket_table.h"

namespace marmoset::interpose {

namespace {

constexpr long kNanoseconds = 1000000000;
constexpr short kInput = POLLIN | POLLRDNORM;
constexpr short kOutput = POLLOUT | POLLWRNORM;

short revents_of(int fd, DirectSocket& socket, short events, short kernel) {
    short ready = static_cast<short>(kernel & (POLLERR | POLLHUP | POLLNVAL | (events & POLLRDHUP)));
    const bool input =
        socket.buffered() || ((kernel & (POLLIN | POLLERR | POLLHUP)) != 0 && socket.readable());
    if (input) touch_epoll(fd);
    if (input) ready = static_cast<short>(ready | (events & kInput));
    if ((kernel & POLLOUT) != 0 && socket.writable()) ready = static_cast<short>(ready | (events & kOutput));
    return ready;
}

}  // namespace

Deadline::Deadline(const timespec* timeout) : never_(timeout == nullptr) {
    if (never_) return;
    clock_gettime(CLOCK_MONOTONIC, &at_);
    at_.tv_sec += timeout->tv_sec;
    at_.tv_nsec += timeout->tv_nsec;
    if (at_.tv_nsec >= kNanoseconds) {
        at_.tv_nsec -= kNanoseconds;
        ++at_.tv_sec;
    }
}

const timespec* Deadline::left() {
    if (never_) return nullptr;
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    left_ = {at_.tv_sec - now.tv_sec, at_.tv_nsec - now.tv_nsec};
    if (left_.tv_nsec < 0) {
        left_.tv_nsec += kNanoseconds;
        --left_.tv_sec;
    }
    if (left_.tv_sec < 0) left_ = {};
    return &left_;
}

int poll_sockets(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
    std::vector<DirectSocket*> sockets(count);
    bool any = false;
    for (nfds_t i = 0; i < count; ++i) {
        sockets[i] = find_socket(fds[i].fd);
        any = any || sockets[i];
    }
    if (!any) return real().ppoll(fds, count, timeout, mask);
    Deadline deadline(timeout);
    std::vector<pollfd> polled;
    for (;;) {
        polled.assign(fds, fds + count);
        bool at_once = false;
        for (nfds_t i = 0; i < count; ++i) {
            DirectSocket* socket = sockets[i];
            if (!socket) continue;
            at_once = at_once || ((fds[i].events & kInput) != 0 && socket->buffered());
            if (socket->has_unsent()) polled[i].events |= POLLOUT;
            polled.push_back({socket->life_descriptor(), POLLIN, 0});
        }
        const timespec none{};
        if (real().ppoll(polled.data(), polled.size(), at_once ? &none : deadline.left(), mask) < 0)
            return -1;
        int ready = 0;
        size_t life = count;
        for (nfds_t i = 0; i < count; ++i) {
            fds[i].revents = polled[i].revents;
            if (sockets[i]) {
                if (polled[life++].revents != 0) sockets[i]->check_life();
                fds[i].revents = revents_of(fds[i].fd, *sockets[i], fds[i].events, polled[i].revents);
            }
            ready += fds[i].revents != 0 ? 1 : 0;
        }
        if (ready > 0 || deadline.passed()) return ready;
    }
}

}  // namespace marmoset::interpose
