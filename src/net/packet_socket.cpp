#include "net/packet_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace marmoset::net {

namespace {

constexpr int kPacketsPerWakeup = 16;  // then other handles get their turn

}  // namespace

void enlarge_send_buffer(int socket, int bytes) {
    if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0) {
        setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    }
}

PacketSocket::PacketSocket(Loop& loop, FileDescriptor socket, Listener& listener)
    : loop_(loop), socket_(std::move(socket)), listener_(&listener) {
    poll_.data = this;
}

bool PacketSocket::start() {
    if (uv_poll_init(loop_.uv(), &poll_, socket_.get()) != 0) return false;
    started_ = true;
    poll(blocked_ ? UV_READABLE | UV_WRITABLE : UV_READABLE);
    return true;
}

void PacketSocket::poll(int events) {
    uv_poll_start(&poll_, events, [](uv_poll_t* handle, int status, int ready) {
        static_cast<PacketSocket*>(handle->data)->on_poll(status, ready);
    });
}

void PacketSocket::on_poll(int status, int events) {
    if (status < 0) {
        // POLLERR: libuv has stopped polling. A peer that closed with our packets unread leaves ECONNRESET
        // behind, and in front of the end of stream its own last packets.
        while (!closed_ && read_some()) {
        }
        if (!closed_) listener_->on_end(std::string("poll: ") + uv_strerror(status));
        return;
    }
    if ((events & UV_READABLE) != 0) read_some();
    if (!closed_ && (events & UV_WRITABLE) != 0 && send_rest()) {
        blocked_ = false;
        poll(UV_READABLE);
        listener_->on_writable();
    }
}

void PacketSocket::read_pending() {
    for (int i = 0; i < 4096 && started_ && !closed_ && read_some(); ++i) {
    }
}

bool PacketSocket::read_some() {
    const MutableBytes buffer = loop_.read_buffer();
    for (int i = 0; i < kPacketsPerWakeup && !closed_; ++i) {
        iovec piece{buffer.data(), buffer.size()};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)];
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const ssize_t count = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (count < 0) {
            if (errno == EAGAIN) {
                listener_->on_packets_end();
                return false;
            }
            // After ECONNRESET the last packets may still be queued: read on until end of stream.
            if (errno == EINTR || errno == ECONNRESET) continue;
            listener_->on_end(std::strerror(errno));
            return false;
        }
        if (!take_descriptors(message)) return false;
        if (count == 0) {
            // End of stream, or an empty packet: only poll knows the difference.
            pollfd state{socket_.get(), POLLRDHUP, 0};
            if (::poll(&state, 1, 0) == 0) continue;
            listener_->on_end("closed by the peer");
            return false;
        }
        if ((message.msg_flags & MSG_TRUNC) != 0) {
            listener_->on_end("packet larger than allowed");
            return false;
        }
        listener_->on_packet(buffer.first(static_cast<size_t>(count)));
        // A short packet is usually the last one; asking again would cost a system call for EAGAIN.
        if (count < 32768) break;
    }
    if (!closed_) listener_->on_packets_end();
    return !closed_;
}

bool PacketSocket::take_descriptors(msghdr& message) {
    std::vector<FileDescriptor> descriptors;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int))
            descriptors.emplace_back(load<int>(CMSG_DATA(part) + at));
    }
    const bool lost = (message.msg_flags & MSG_CTRUNC) != 0;
    if (descriptors.empty() && !lost) return true;
    if (!listener_->takes_descriptors() || descriptors.size() > 1) {
        descriptors.clear();  // closed before anyone is told
        listener_->on_end("unexpected descriptor");
        return false;
    }
    listener_->on_descriptor(lost || descriptors.empty() ? FileDescriptor() : std::move(descriptors.front()));
    return true;
}

PacketSocket::SendStatus PacketSocket::send(const iovec* pieces, int count, int descriptor) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces);
    message.msg_iovlen = static_cast<size_t>(count);
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (descriptor >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof descriptor);
        std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
    }
    for (;;) {
        if (sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return SendStatus::Sent;
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != ENOBUFS) return SendStatus::Failed;
        wait_until_writable();
        return SendStatus::Blocked;
    }
}

void PacketSocket::wait_until_writable() {
    if (blocked_) return;
    blocked_ = true;
    if (started_) poll(UV_READABLE | UV_WRITABLE);
}

void PacketSocket::close() {
    closed_ = true;
    if (!started_) {
        delete this;
        return;
    }
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_),
             [](uv_handle_t* handle) { delete static_cast<PacketSocket*>(handle->data); });
    socket_.reset();
}

}  // namespace marmoset::net
