// What every program of the bench needs from the system: an owned descriptor, errors as exceptions, a clock,
// and a thin epoll. In: system calls. Out: exceptions with operation and reason; a bench stops at the first
// fault.
#pragma once

#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace marmoset::bench {

/// Throws "what: reason of errno".
[[noreturn]] inline void fail_errno(const std::string& what, int error = errno) {
    throw std::runtime_error(what + ": " + std::strerror(error));
}

/// A descriptor and who closes it.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

  private:
    int fd_ = -1;
};

/// Nanoseconds of the monotonic clock.
inline uint64_t now_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(time.tv_nsec);
}

inline uint64_t seconds_ns(double seconds) {
    return static_cast<uint64_t>(seconds * 1e9);
}

/// Takes all descriptors the hard limit gives; returns how many that is.
inline uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) fail_errno("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) fail_errno("setrlimit");
    return limit.rlim_cur;
}

/// Level-triggered epoll; `owner` comes back in the event's data.ptr.
class Poller {
  public:
    Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (!epoll_) fail_errno("epoll_create1");
    }

    void add(int fd, uint32_t events, void* owner) { control(EPOLL_CTL_ADD, fd, events, owner); }
    void change(int fd, uint32_t events, void* owner) { control(EPOLL_CTL_MOD, fd, events, owner); }
    void remove(int fd) { control(EPOLL_CTL_DEL, fd, 0, nullptr); }

    /// Waits at most `timeout_ms` (-1: for ever); the span is valid until the next wait.
    std::span<epoll_event> wait(int timeout_ms) {
        int count = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
        if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
        return {events_.data(), static_cast<size_t>(count < 0 ? 0 : count)};
    }

  private:
    void control(int operation, int fd, uint32_t events, void* owner) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = owner;
        if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) fail_errno("epoll_ctl");
    }

    Fd epoll_;
    std::array<epoll_event, 512> events_{};
};

}  // namespace marmoset::bench
