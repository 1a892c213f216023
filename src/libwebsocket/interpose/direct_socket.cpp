#include "libwebsocket/interpose/direct_socket.h"

#include <fcntl.h>
#include <limits.h>
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

#include "libwebsocket/interpose/real_calls.h"

namespace marmoset::interpose {

using websocket::Opcode;

namespace {

constexpr size_t kReadSize = 65536;
// How long the last descriptor's close() tries to get rid of frames that the client does not take.
constexpr int kGoodbyeMs = 1000;
// What close() throws away of the client's data, so that its end is no reset (RFC 1122 4.2.2.13).
constexpr int kDiscardedReads = 64;

ssize_t fail(int error) {
    errno = error;
    return -1;
}

size_t total(const iovec* pieces, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; ++i)
        size += pieces[i].iov_len;
    return size;
}

}  // namespace

std::atomic<int> DirectSocket::buffered_count{0};
std::atomic<int> DirectSocket::unsent_count{0};

void DirectSocket::begin(int fd, int life_fd, const Peer& peer, MessageType type, uint64_t max_message) {
    fd_ = fd;
    life_fd_ = life_fd;
    peer_ = peer;
    type_ = type;
    descriptors_ = {fd};
    reader_.emplace(max_message);
    end_of_stream_ = close_sent_ = false;
    error_ = 0;
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
    pollfd polled[] = {{fd_, events, 0}, {life_fd_, POLLIN, 0}};
    const int count = real().ppoll(polled, life_fd_ < 0 ? 1 : 2, forever ? nullptr : &timeout, nullptr);
    if (count < 0) return Wait::Interrupted;
    if (polled[1].revents != 0) check_life();
    return count == 0 ? Wait::TimedOut : Wait::Ready;
}

void DirectSocket::check_life() {
    if (life_fd_ < 0) return;
    char bytes[256];
    const ssize_t count = real().recvfrom(life_fd_, bytes, sizeof bytes, MSG_DONTWAIT, nullptr, nullptr);
    if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) return;
    send_close(websocket::kGoingAway);
    const std::lock_guard lock(input_mutex_);
    end_of_stream_ = true;
    update_buffered();
}

void DirectSocket::update_buffered() {
    const bool now = reader_->available() > 0 || reader_->ended() || end_of_stream_;
    if (buffered_.exchange(now) != now) buffered_count += now ? 1 : -1;
}

void DirectSocket::set_unsent(bool unsent) {
    if (has_unsent_.exchange(unsent) != unsent) unsent_count += unsent ? 1 : -1;
}

// ---- input ----------------------------------------------------------------------------------------------

// Reads once what the kernel has; with input_mutex_ held. False: nothing came.
bool DirectSocket::fill() {
    static thread_local uint8_t buffer[kReadSize];
    const ssize_t count = real().recvfrom(fd_, buffer, sizeof buffer, MSG_DONTWAIT, nullptr, nullptr);
    if (count > 0) {
        reader_->feed({buffer, static_cast<size_t>(count)});
        if (reader_->replies().empty()) return true;
        const std::lock_guard lock(output_mutex_);
        // Nothing follows a Close frame of ours, and after the client's nothing but it does.
        if (!close_sent_) {
            unsent_.insert(unsent_.end(), reader_->replies().begin(), reader_->replies().end());
            close_sent_ = reader_->ended();
            flush();
        }
        reader_->replies().clear();
        return true;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count < 0) error_ = errno;
    end_of_stream_ = true;
    return true;
}

ssize_t DirectSocket::receive(const iovec* pieces, size_t count, int flags) {
    const size_t wanted = total(pieces, count);
    if (wanted == 0) return 0;
    const bool no_wait = nonblocking(flags);
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
                const size_t room = pieces[i].iov_len - skip;
                const size_t before = reader_->available();
                const size_t size = reader_->take({static_cast<uint8_t*>(pieces[i].iov_base) + skip, room},
                                                  (flags & MSG_PEEK) != 0);
                given += size;
                // One call gives one message, or a part of it.
                if (size == before || (flags & MSG_PEEK) != 0) break;
            }
            update_buffered();
            const bool more_wanted = (flags & (MSG_WAITALL | MSG_PEEK)) == MSG_WAITALL && given < wanted;
            if (given > 0 && !more_wanted) return static_cast<ssize_t>(given);
            if (reader_->available() == 0 && (reader_->ended() || end_of_stream_)) {
                if (given > 0 || error_ == 0) return static_cast<ssize_t>(given);
                return fail(std::exchange(error_, 0));
            }
            if (reader_->available() > 0) continue;
        }
        if (no_wait) return given > 0 ? static_cast<ssize_t>(given) : fail(EAGAIN);
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

// ---- output ---------------------------------------------------------------------------------------------

// Sends what waits, as far as the kernel takes it; with output_mutex_ held. False: the connection is broken.
bool DirectSocket::flush() {
    size_t sent = 0;
    while (sent < unsent_.size()) {
        const ssize_t count = real().sendto(fd_, unsent_.data() + sent, unsent_.size() - sent,
                                            MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) {
            unsent_.clear();
            set_unsent(false);
            return false;
        }
        sent += static_cast<size_t>(count);
    }
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(sent));
    set_unsent(!unsent_.empty());
    return true;
}

bool DirectSocket::writable() {
    if (!has_unsent_) return true;
    const std::unique_lock lock(output_mutex_, std::try_to_lock);
    if (!lock) return false;
    flush();
    return !has_unsent_;
}

// `lock` of output_mutex_ is held, but not while it waits. False: errno says why nothing was sent.
bool DirectSocket::send_frame(Lock& lock, Opcode opcode, const iovec* pieces, size_t count, size_t size,
                              bool no_wait) {
    for (;;) {
        if (!flush()) return false;
        if (unsent_.empty()) break;
        if (no_wait) {
            errno = EAGAIN;
            return false;
        }
        lock.unlock();
        const Wait waited = wait(POLLOUT, SO_SNDTIMEO);
        lock.lock();
        if (waited == Wait::Ready && !close_sent_) continue;
        errno = close_sent_ ? EPIPE : waited == Wait::TimedOut ? EAGAIN : EINTR;
        return false;
    }
    uint8_t header[websocket::kMaxFrameHeader];
    std::vector<iovec> parts(count + 1);
    parts[0] = {header, websocket::encode_frame_header(header, opcode, true, size)};
    std::copy(pieces, pieces + count, parts.begin() + 1);
    const size_t whole = parts[0].iov_len + size;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = std::min<size_t>(parts.size(), IOV_MAX);
    ssize_t sent = 0;
    do
        sent = real().sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno != EAGAIN || no_wait)) return false;
    auto skipped = static_cast<size_t>(std::max<ssize_t>(sent, 0));
    if (skipped == whole) return true;
    // The frame has begun and must end: what is left of it is kept, and counts as sent.
    for (const iovec& part : parts) {
        const size_t skip = std::min(skipped, part.iov_len);
        skipped -= skip;
        const auto* bytes = static_cast<const uint8_t*>(part.iov_base);
        unsent_.insert(unsent_.end(), bytes + skip, bytes + part.iov_len);
    }
    set_unsent(true);
    while (!no_wait && !unsent_.empty()) {
        lock.unlock();
        const Wait waited = wait(POLLOUT, SO_SNDTIMEO);
        lock.lock();
        if (waited == Wait::TimedOut || !flush()) break;
    }
    return true;
}

bool DirectSocket::send_text(Lock& lock, const iovec* pieces, size_t count, size_t size, bool no_wait) {
    websocket::Utf8Validator text;
    bool valid = text.feed(tail_);
    for (size_t i = 0; i < count && valid; ++i)
        valid = text.feed({static_cast<const uint8_t*>(pieces[i].iov_base), pieces[i].iov_len});
    if (type_ == MessageType::Auto) {
        const Opcode opcode = valid && text.complete() ? Opcode::Text : Opcode::Binary;
        return send_frame(lock, opcode, pieces, count, size, no_wait);
    }
    if (!valid) {
        errno = EILSEQ;
        return false;
    }
    if (text.complete() && tail_.empty()) return send_frame(lock, Opcode::Text, pieces, count, size, no_wait);
    std::vector<uint8_t> joined = tail_;
    for (size_t i = 0; i < count; ++i) {
        const auto* bytes = static_cast<const uint8_t*>(pieces[i].iov_base);
        joined.insert(joined.end(), bytes, bytes + pieces[i].iov_len);
    }
    const size_t whole = websocket::complete_utf8_prefix(joined);
    const iovec piece{joined.data(), whole};
    if (whole > 0 && !send_frame(lock, Opcode::Text, &piece, 1, whole, no_wait)) return false;
    tail_.assign(joined.begin() + static_cast<std::ptrdiff_t>(whole), joined.end());
    return true;
}

ssize_t DirectSocket::send(const iovec* pieces, size_t count, int flags) {
    const size_t size = total(pieces, count);
    if (size == 0) return 0;
    const bool no_wait = nonblocking(flags);
    Lock lock(output_mutex_);
    bool sent = false;
    if (close_sent_) {
        errno = EPIPE;
    } else if (type_ == MessageType::Binary) {
        sent = send_frame(lock, Opcode::Binary, pieces, count, size, no_wait);
    } else {
        sent = send_text(lock, pieces, count, size, no_wait);
    }
    lock.unlock();
    if (sent) return static_cast<ssize_t>(size);
    if (errno == EPIPE && (flags & MSG_NOSIGNAL) == 0) {
        raise(SIGPIPE);  // as send() does
        errno = EPIPE;
    }
    return -1;
}

void DirectSocket::send_close(uint16_t code) {
    const std::lock_guard lock(output_mutex_);
    if (close_sent_) return;
    close_sent_ = true;
    uint8_t payload[websocket::kMaxControlPayload];
    const size_t size = websocket::encode_close_payload(payload, code, {});
    uint8_t header[websocket::kMaxFrameHeader];
    const size_t header_size = websocket::encode_frame_header(header, Opcode::Close, true, size);
    unsent_.insert(unsent_.end(), header, header + header_size);
    unsent_.insert(unsent_.end(), payload, payload + size);
    flush();
}

void DirectSocket::shutdown() {
    bool ended = false;
    {
        const std::lock_guard lock(input_mutex_);
        ended = end_of_stream_;
    }
    if (!ended) send_close(websocket::kNormal);  // who ended without a Close frame is not sent one either
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

bool DirectSocket::others_hold_it() {
    if (holders_[0] < 0) return false;
    real().close(holders_[1]);
    char byte;
    const bool held = real().read(holders_[0], &byte, 1) < 0;  // 0: nobody has the other end
    real().close(holders_[0]);
    holders_[0] = holders_[1] = -1;
    return held;
}

void DirectSocket::refer(int fd) {
    const std::lock_guard lock(descriptors_mutex_);
    descriptors_.push_back(fd);
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
    if (!others_hold_it()) {
        if (!end_of_stream_) send_close(websocket::kNormal);
        pollfd polled{fd_, POLLOUT, 0};
        const timespec limit{kGoodbyeMs / 1000, 0};
        while (has_unsent_ && real().ppoll(&polled, 1, &limit, nullptr) > 0 && polled.revents == POLLOUT)
            writable();
        real().shutdown(fd_, SHUT_WR);
        const std::lock_guard lock(input_mutex_);
        for (int i = 0; i < kDiscardedReads && !end_of_stream_ && fill(); ++i) {
        }
    }
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
    if (buffered_.exchange(false)) --buffered_count;
}

}  // namespace marmoset::interpose
