#include "net/byte_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace marmoset::net {

namespace {

constexpr int kReadsPerWakeup = 4;        // then other handles get their turn
constexpr size_t kReadSize = 128 * 1024;  // at once

}  // namespace

bool ByteSocket::read_some() {
    const MutableBytes buffer = loop_.read_buffer().first(kReadSize);
    for (int i = 0; i < kReadsPerWakeup && !closed_; ++i) {
        const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count < 0) {
            // After ECONNRESET the last bytes may still be queued: read on until end of stream.
            if (errno == EINTR || errno == ECONNRESET) continue;
            if (errno == EAGAIN) {
                listener_->on_packets_end();
            } else {
                listener_->on_end(std::strerror(errno));
            }
            return false;
        }
        if (count == 0) {
            listener_->on_end("closed by the peer");
            return false;
        }
        listener_->on_packet(buffer.first(static_cast<size_t>(count)));
        // A short read is usually the last one; asking again would cost a system call for EAGAIN.
        if (static_cast<size_t>(count) < buffer.size()) break;
    }
    if (!closed_) listener_->on_packets_end();
    return !closed_;
}

PacketSocket::SendStatus ByteSocket::send(const iovec* pieces, int count, int) {
    if (!rest_.empty()) return SendStatus::Blocked;
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces);
    message.msg_iovlen = static_cast<size_t>(count);
    ssize_t sent = 0;
    do {
        sent = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN && errno != ENOBUFS) return SendStatus::Failed;
    if (sent < 0) {
        wait_until_writable();
        return SendStatus::Blocked;
    }
    auto skip = static_cast<size_t>(sent);
    for (int i = 0; i < count; ++i) {
        const auto* bytes = static_cast<const uint8_t*>(pieces[i].iov_base);
        const size_t gone = std::min(skip, pieces[i].iov_len);
        skip -= gone;
        rest_.insert(rest_.end(), bytes + gone, bytes + pieces[i].iov_len);
    }
    if (!rest_.empty()) wait_until_writable();
    return SendStatus::Sent;
}

// An error is told by the next read: what the peer sent before it is still to be delivered.
bool ByteSocket::send_rest() {
    while (!rest_.empty()) {
        const ssize_t sent = ::send(socket_.get(), rest_.data(), rest_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) return false;
        if (sent < 0) {
            rest_.clear();
        } else {
            rest_.erase(rest_.begin(), rest_.begin() + sent);
        }
    }
    std::vector<uint8_t>().swap(rest_);
    return true;
}

}  // namespace marmoset::net
