// epoll on descriptors of which some are clients that speak WebSocket: which of the program's instances have
// such clients.
#pragma once

#include <sys/epoll.h>
#include <csignal>

#include <ctime>

namespace marmoset::interpose {

/// As epoll_ctl(), epoll_pwait().
int control_epoll(int epoll, int operation, int fd, epoll_event* event);
int wait_epoll(int epoll, epoll_event* events, int most, const timespec* timeout, const sigset_t* mask);
/// `fd`, a client or an epoll instance, is about to be closed.
void forget_in_epoll(int fd);
/// The epoll instances among `first` to `last` are about to be closed.
void forget_epolls(unsigned first, unsigned last);
/// Whether `fd` is an epoll instance, and whether any instance of the program has clients.
bool is_epoll(int fd);
bool any_epoll();
/// `copy` names the same epoll instance as `fd` from now on.
void copy_in_epoll(int fd, int copy);
/// Client `fd` has been read, or has payload that the kernel does not know of: whoever waits for it looks.
void touch_epoll(int fd);

/// Around fork(): no thread of the parent is in the midst of something.
void lock_epoll_before_fork();
void unlock_epoll_in_parent();
void unlock_epoll_in_child();

}  // namespace marmoset::interpose
