// The clients of one of the program's epoll instances. They are kept out of it: they are in an instance of
// ours, which is in the program's, so that a wait wakes for them and then asks who has payload.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "libwebsocket/interpose/direct_socket.h"

namespace marmoset::interpose {

class EpollSet {
  public:
    /// `epoll` is the program's. May fail: valid() is false and errno says why.
    explicit EpollSet(int epoll);
    ~EpollSet();
    bool valid() const { return valid_; }

    /// As epoll_ctl() on the program's instance.
    int control(int operation, int fd, DirectSocket& socket, const epoll_event* event);
    /// `fd` is about to be closed.
    void forget(int fd);
    /// `fd` has been read, or has something to be read: who waits is to look at it.
    void touch(int fd);

    /// Before a wait: whether somebody has payload already, so that it must not wait. To be paired with
    /// end_wait().
    bool begin_wait();
    void end_wait() { --waiting_; }
    /// Events of clients, at most `most`, without waiting.
    int collect(epoll_event* events, int most);

    /// In the child: no other thread holds the lock, and registrations made before are the parent's too.
    void after_fork();

  private:
    /// A client in the program's instance.
    struct Registration {
        DirectSocket* socket;
        epoll_event wanted;         ///< as the program said it
        unsigned generation;        ///< of forks, when it was made
        bool spent = false;         ///< EPOLLONESHOT: reported, not armed again
        bool watching = false;      ///< for EPOLLOUT on our own account: a frame has not left
        bool listed = false;        ///< in touched_
        bool told = false;          ///< EPOLLET: payload has been reported ...
        unsigned told_changes = 0;  ///< ... when input_changes() was this
        unsigned round = 0;         ///< of collect(), when it was reported last ...
        int index = 0;              ///< ... and where
    };
    struct Round;

    int watch(int operation, int fd, const Registration& registration);
    void watch_unsent();
    void list(int fd, Registration& registration);
    bool pending(const Registration& registration) const;
    uint32_t ready(int fd, Registration& registration, uint32_t kernel);
    void tell(Round& round, int fd, Registration& registration, uint32_t kernel);
    void tell_touched(Round& round, int room);
    void tell_kernel(Round& round);

    int inner_, wake_;
    bool valid_ = false;
    std::mutex mutex_;
    std::unordered_map<int, Registration> clients_;
    std::deque<int> touched_;  // clients that may have payload the kernel does not know of
    unsigned round_ = 0;
    unsigned generation_ = 0;
    std::atomic<int> waiting_{0};
};

}  // namespace marmoset::interpose
