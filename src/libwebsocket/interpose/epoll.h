// epoll on descriptors of which some are clients that speak WebSocket. Those are kept out of the program's
// epoll instance: they are in one of ours, which is in the program's, so that a wait wakes for them and then
// asks who has payload.
#pragma once

#include <signal.h>
#include <sys/epoll.h>

#include <ctime>

namespace marmoset::interpose {

/// As epoll_ctl(), epoll_pwait().
int control_epoll(int epoll, int operation, int fd, epoll_event* event);
int wait_epoll(int epoll, epoll_event* events, int most, const timespec* timeout, const sigset_t* mask);
/// `fd`, a client or an epoll instance, is about to be closed.
void forget_in_epoll(int fd);
/// A thread has read from client `fd`, and there is more that the kernel does not know of: threads that wait
/// are woken.
void wake_epoll(int fd);

}  // namespace marmoset::interpose
