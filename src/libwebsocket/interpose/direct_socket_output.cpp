// What a program sends to a client that speaks WebSocket, and what the library answers it.
#include <unistd.h>
#include <climits>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "libwebsocket/interpose/direct_socket.h"
#include "libwebsocket/interpose/real_calls.h"

namespace marmoset::interpose {

using websocket::Opcode;

namespace {

// Bytes of pongs, and of what they wait behind, up to which each ping is answered.
constexpr size_t kMaxReplies = 65536;

}  // namespace

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
    if (!unsent_.empty() || late_pong_.empty()) return true;
    unsent_ = std::exchange(late_pong_, {});
    return flush();
}

// Pongs. A client that sends pings and reads nothing gets an answer to the last one (RFC 6455 5.5.3).
void DirectSocket::send_replies() {
    const std::lock_guard lock(output_mutex_);
    std::vector<uint8_t>& replies = reader_->replies();
    if (close_sent_) {
        // Nothing follows a Close frame.
    } else if (unsent_.size() + replies.size() > kMaxReplies) {
        late_pong_.assign(replies.begin() + static_cast<std::ptrdiff_t>(reader_->last_reply()),
                          replies.end());
    } else {
        unsent_.insert(unsent_.end(), replies.begin(), replies.end());
        late_pong_.clear();  // these are later
    }
    replies.clear();
    flush();
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
                              int flags) {
    for (;;) {
        if (!flush()) return false;
        if (unsent_.empty()) break;
        if (nonblocking(flags)) {
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
    if (sent < 0 && (errno != EAGAIN || nonblocking(flags))) return false;
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
    while (!unsent_.empty() && !nonblocking(flags)) {
        lock.unlock();
        const Wait waited = wait(POLLOUT, SO_SNDTIMEO);
        lock.lock();
        if (waited == Wait::TimedOut || !flush()) break;
    }
    return true;
}

bool DirectSocket::send_text(Lock& lock, const iovec* pieces, size_t count, size_t size, int flags) {
    websocket::Utf8Validator text;
    bool valid = text.feed(tail_);
    for (size_t i = 0; i < count && valid; ++i)
        valid = text.feed({static_cast<const uint8_t*>(pieces[i].iov_base), pieces[i].iov_len});
    if (type_ == MessageType::Auto) {
        const Opcode opcode = valid && text.complete() ? Opcode::Text : Opcode::Binary;
        return send_frame(lock, opcode, pieces, count, size, flags);
    }
    if (!valid) {
        errno = EILSEQ;
        return false;
    }
    if (text.complete() && tail_.empty()) return send_frame(lock, Opcode::Text, pieces, count, size, flags);
    std::vector<uint8_t> joined = tail_;
    for (size_t i = 0; i < count; ++i) {
        const auto* bytes = static_cast<const uint8_t*>(pieces[i].iov_base);
        joined.insert(joined.end(), bytes, bytes + pieces[i].iov_len);
    }
    const size_t whole = websocket::complete_utf8_prefix(joined);
    const iovec piece{joined.data(), whole};
    if (whole > 0 && !send_frame(lock, Opcode::Text, &piece, 1, whole, flags)) return false;
    tail_.assign(joined.begin() + static_cast<std::ptrdiff_t>(whole), joined.end());
    return true;
}

ssize_t DirectSocket::send(const iovec* pieces, size_t count, int flags) {
    const size_t size = total_size(pieces, count);
    if (size == 0) return 0;
    Lock lock(output_mutex_);
    bool sent = false;
    if (close_sent_) {
        errno = EPIPE;
    } else if (type_ == MessageType::Binary) {
        sent = send_frame(lock, Opcode::Binary, pieces, count, size, flags);
    } else {
        sent = send_text(lock, pieces, count, size, flags);
    }
    lock.unlock();
    if (sent) return static_cast<ssize_t>(size);
    if (errno == EPIPE && (flags & MSG_NOSIGNAL) == 0) {
        raise(SIGPIPE);  // as send() does
        errno = EPIPE;
    }
    return -1;
}

// `code` is ours to say unless the client has said goodbye, or broken a rule, before: that is answered then.
// With input_mutex_ held.
void DirectSocket::send_close(uint16_t code) {
    const std::lock_guard lock(output_mutex_);
    if (close_sent_) return;
    close_sent_ = true;
    late_pong_.clear();
    if (holders_[1] >= 0) (void)!real().write(holders_[1], "", 1);
    const Bytes goodbye = reader_->goodbye();
    if (goodbye.empty()) {
        uint8_t payload[websocket::kMaxControlPayload];
        uint8_t header[websocket::kMaxFrameHeader];
        const size_t size = websocket::encode_close_payload(payload, code, {});
        const size_t header_size = websocket::encode_frame_header(header, Opcode::Close, true, size);
        unsent_.insert(unsent_.end(), header, header + header_size);
        unsent_.insert(unsent_.end(), payload, payload + size);
    } else {
        unsent_.insert(unsent_.end(), goodbye.begin(), goodbye.end());
    }
    flush();
}

void DirectSocket::shutdown(int how) {
    const std::lock_guard lock(input_mutex_);
    // Not the kernel's: the client's answer is still to come. Who ended without a Close frame gets none
    // either.
    if (how != SHUT_RD && !lost_) send_close(websocket::kNormal);
    if (how != SHUT_WR) end_of_stream_ = true;
    update_buffered();
}

}  // namespace marmoset::interpose
