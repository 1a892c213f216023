// poll() and select() on descriptors of which some are clients that speak WebSocket: ready is who has payload
// for the program, not who has bytes.
#pragma once

#include <poll.h>
#include <csignal>

#include <ctime>

namespace marmoset::interpose {

/// As ppoll(). `timeout` null: for ever.
int poll_sockets(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask);

/// A moment in the future, and what is left until then.
class Deadline {
  public:
    /// Null: never.
    explicit Deadline(const timespec* timeout);
    /// What is left, at least nothing; null: for ever. Valid until the next call.
    const timespec* left();
    bool passed() { return left() && left_.tv_sec == 0 && left_.tv_nsec == 0; }

  private:
    bool never_;
    timespec at_{};
    timespec left_{};
};

}  // namespace marmoset::interpose
