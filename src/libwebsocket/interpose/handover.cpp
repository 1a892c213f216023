#include "libwebsocket/interpose/handover.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "libwebsocket/interpose/real_calls.h"

namespace marmoset::interpose {

namespace {

constexpr int kPatienceMs = 100;

bool is_address(const Peer& peer) {
    switch (peer.address.ss_family) {
        case AF_INET:
            return peer.size == sizeof(sockaddr_in);
        case AF_INET6:
            return peer.size == sizeof(sockaddr_in6);
        case AF_UNIX:
            return peer.size >= sizeof peer.address.ss_family && peer.size <= sizeof(sockaddr_un);
        default:
            return false;
    }
}

// One recvmsg(); the descriptor that came along, -1 or kNoRoom.
int receive_descriptor(int connection, Peer& peer, int flags) {
    iovec piece{&peer.address, sizeof peer.address};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t count = real().recvmsg(connection, &message, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count <= 0) return -1;
    peer.size = static_cast<socklen_t>(count);
    if ((message.msg_flags & MSG_CTRUNC) != 0) return kNoRoom;
    const cmsghdr* part = CMSG_FIRSTHDR(&message);
    if (!part || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) return -1;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
    if (is_address(peer)) return fd;
    real().close(fd);  // some other protocol that passes descriptors; a look took nothing from it
    return -1;
}

}  // namespace

int receive_handover(int connection, Peer& peer) {
    pollfd polled{connection, POLLIN, 0};
    const timespec patience{0, kPatienceMs * 1000000L};
    if (real().ppoll(&polled, 1, &patience, nullptr) <= 0) return -1;
    // First a look: a plain peer's bytes are the program's. What a look brings along is a descriptor of its
    // own.
    const int seen = receive_descriptor(connection, peer, MSG_PEEK);
    if (seen < 0) return seen;
    real().close(seen);
    peer = {};
    return receive_descriptor(connection, peer, 0);
}

}  // namespace marmoset::interpose
