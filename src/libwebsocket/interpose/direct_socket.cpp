#include "libwebsocket/interpose/direct_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <utility>

#include "libwebsocket/interpose/farewell.h"
#include "libwebsocket/interpose/real_calls.h"
#include "libwebsocket/interpose/wait.h"

namespace marmoset::interpose {

namespace {

constexpr size_t kReadSize = 65536;
// What one read of a thread goes to. On the heap: a library that is there when a program starts takes what is
// thread-local from the stack of each thread.
class ReadBuffer {
  public:
    ~ReadBuffer() { delete[] std::exchange(bytes_, nullptr); }
    uint8_t* bytes() { return bytes_ ? bytes_ : bytes_ = new uint8_t[kReadSize]; }

  private:
    uint8_t* bytes_ = nullptr;
};

// How long the last descriptor's close() tries to get rid of frames that the client does not take.
constexpr int kGoodbyeMs = 1000;
// What close() throws away of the client's data, so that its end is no reset (RFC 1122 4.2.2.13).
constexpr int kDiscardedReads = 64;

ssize_t fail(int error) {
    errno = error;
    return -1;
}

}  // namespace

size_t total_size(const iovec* pieces, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; ++i)
        size += pieces[i].iov_len;
    return size;
}

std::atomic<int> DirectSocket::unsent_count{0};

void DirectSocket::begin(int fd, int life_fd, const Peer& peer, MessageType type, uint64_t max_message) {
    fd_ = fd;
    life_fd_ = life_fd;
    peer_ = peer;
    type_ = type;
    descriptors_ = {fd};
    reader_.emplace(max_message);
    end_of_stream_ = lost_ = close_sent_ = false;
    life_ended_ = false;
}

// ---- waiting --------------------------------------------------------------------------------------------

bool DirectSocket::nonblocking(int flags) const {
    return (flags & MSG_DONTWAIT) != 0 || (real().fcntl(fd_, F_GETFL) & O_NONBLOCK) != 0;
}

// Waits for the client, and for the gateway's word that it shall go. `timeout_option`: SO_RCVTIMEO or
// SO_SNDTIMEO.
DirectSocket::Wait DirectSocket::wait(short events, int timeout_option) {
    timeval limit{};
    socklen_t size = sizeof limit;
    getsockopt(fd_, SOL_SOCKET, timeout_option, &limit, &size);
    const timespec timeout{limit.tv_sec, limit.tv_usec * 1000};
    const bool forever = limit.tv_sec == 0 && limit.tv_usec == 0;
    pollfd polled[] = {{fd_, events, 0}, {life_descriptor(), POLLIN, 0}};
    const int count = real().ppoll(polled, 2, forever ? nullptr : &timeout, nullptr);
    if (count < 0) return Wait::Interrupted;
    if (polled[1].revents != 0) check_life();
    return count == 0 ? Wait::TimedOut : Wait::Ready;
}

void DirectSocket::check_life() {
    if (life_descriptor() < 0) return;
    char bytes[256];
    const ssize_t count = real().recvfrom(life_fd_, bytes, sizeof bytes, MSG_DONTWAIT, nullptr, nullptr);
    if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) return;
    life_ended_ = true;
    const std::lock_guard lock(input_mutex_);
    send_close(websocket::kGoingAway);
    end_of_stream_ = true;
    update_buffered();
}

void DirectSocket::update_buffered() {
    ++input_changes_;
    buffered_ = reader_->available() > 0 || reader_->ended() || end_of_stream_;
}

void DirectSocket::set_unsent(bool unsent) {
    if (has_unsent_.exchange(unsent) != unsent) unsent_count += unsent ? 1 : -1;
}

// ---- input ----------------------------------------------------------------------------------------------

// Reads once what the kernel has; with input_mutex_ held. False: nothing came.
bool DirectSocket::fill() {
    static thread_local ReadBuffer buffer;
    const ssize_t count = real().recvfrom(fd_, buffer.bytes(), kReadSize, MSG_DONTWAIT, nullptr, nullptr);
    if (count > 0) {
        reader_->feed({buffer.bytes(), static_cast<size_t>(count)});
        if (!reader_->replies().empty()) send_replies();
        return true;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    // A connection that broke has ended like any other.
    end_of_stream_ = lost_ = true;
    return true;
}

ssize_t DirectSocket::receive(const iovec* pieces, size_t count, int flags) {
    const size_t wanted = total_size(pieces, count);
    if (wanted == 0) return 0;
    const bool peek = (flags & MSG_PEEK) != 0;
    size_t given = 0;
    for (;;) {
        {
            const std::lock_guard lock(input_mutex_);
            while (reader_->available() == 0 && !reader_->ended() && !end_of_stream_ && fill()) {
            }
            size_t skipped = given;
            for (size_t i = 0; i < count && reader_->available() > 0; ++i) {
                const size_t skip = std::min(skipped, pieces[i].iov_len);
                skipped -= skip;
                const MutableBytes room{static_cast<uint8_t*>(pieces[i].iov_base) + skip,
                                        pieces[i].iov_len - skip};
                const size_t left = reader_->available() - (peek ? given : 0);
                const size_t size = peek ? reader_->peek(room, given) : reader_->take(room);
                given += size;
                if (size == left) break;  // one call gives one message, or a part of it
            }
            update_buffered();
            const bool more_wanted = (flags & MSG_WAITALL) != 0 && !peek && given < wanted;
            if (given > 0 && !more_wanted) return static_cast<ssize_t>(given);
            if (reader_->available() > 0) continue;
            if (reader_->ended() && given == 0) send_close(websocket::kNormal);
            if (reader_->ended() || end_of_stream_) return static_cast<ssize_t>(given);
        }
        if (nonblocking(flags)) return given > 0 ? static_cast<ssize_t>(given) : fail(EAGAIN);
        const short events = static_cast<short>(POLLIN | (has_unsent_ ? POLLOUT : 0));
        switch (wait(events, SO_RCVTIMEO)) {
            case Wait::Ready:
                if (has_unsent_) writable();
                break;
            case Wait::TimedOut:
                return given > 0 ? static_cast<ssize_t>(given) : fail(EAGAIN);
            case Wait::Interrupted:
                return given > 0 ? static_cast<ssize_t>(given) : fail(EINTR);
        }
    }
}

bool DirectSocket::readable() {
    const std::unique_lock lock(input_mutex_, std::try_to_lock);
    if (!lock) return false;  // another thread is at it
    while (reader_->available() == 0 && !reader_->ended() && !end_of_stream_ && fill()) {
    }
    update_buffered();
    return buffered_;
}

size_t DirectSocket::available() {
    readable();
    const std::lock_guard lock(input_mutex_);
    return reader_->available_in_all();
}

// ---- the end --------------------------------------------------------------------------------------------

void DirectSocket::before_fork() {
    if (holders_[0] < 0 && pipe2(holders_, O_CLOEXEC | O_NONBLOCK) != 0) holders_[0] = holders_[1] = -1;
}

void DirectSocket::after_fork() {
    new (&input_mutex_) std::mutex;
    new (&output_mutex_) std::mutex;
    new (&descriptors_mutex_) std::mutex;
}

// Whether another process is to say goodbye, or has: then there is a byte in the pipe.
bool DirectSocket::is_others_to_end() {
    if (holders_[0] < 0) return false;
    char byte = 0;
    bool said = real().read(holders_[0], &byte, 1) > 0;
    if (said) (void)!real().write(holders_[1], &byte, 1);  // for the next one
    real().close(holders_[1]);
    ssize_t count = -1;
    if (!said) count = real().read(holders_[0], &byte, 1);  // 0: nobody has the other end
    real().close(holders_[0]);
    holders_[0] = holders_[1] = -1;
    return said || count != 0;
}

void DirectSocket::refer(int fd) {
    const std::lock_guard lock(descriptors_mutex_);
    descriptors_.push_back(fd);
}

// What the kernel does not take at once is waited for if the program would wait, else left to a thread.
void DirectSocket::say_goodbye() {
    {
        const std::lock_guard lock(input_mutex_);
        if (!lost_) send_close(websocket::kNormal);
    }
    if (has_unsent_ && nonblocking(0)) {
        const int copy = real().fcntl(fd_, F_DUPFD_CLOEXEC, 0);
        if (copy >= 0 && say_farewell(copy, unsent_)) return;
        if (copy >= 0) real().close(copy);
    }
    pollfd polled{fd_, POLLOUT, 0};
    const timespec limit{kGoodbyeMs / 1000, 0};
    Deadline deadline(&limit);
    while (has_unsent_ && real().ppoll(&polled, 1, deadline.left(), nullptr) > 0 && polled.revents == POLLOUT)
        writable();
    real().shutdown(fd_, SHUT_WR);
    const std::lock_guard lock(input_mutex_);
    for (int i = 0; i < kDiscardedReads && !lost_ && fill(); ++i) {
    }
}

bool DirectSocket::release(int fd) {
    {
        const std::lock_guard lock(descriptors_mutex_);
        std::erase(descriptors_, fd);
        if (!descriptors_.empty()) {
            fd_ = descriptors_.front();
            return false;
        }
    }
    if (!is_others_to_end()) say_goodbye();
    forget();
    return true;
}

void DirectSocket::forget() {
    if (life_fd_ >= 0) real().close(life_fd_);
    fd_ = life_fd_ = -1;
    reader_.reset();
    std::vector<uint8_t>().swap(unsent_);
    tail_.clear();
    set_unsent(false);
    late_pong_.clear();
    buffered_ = edge_triggered_ = false;
}

}  // namespace marmoset::interpose
