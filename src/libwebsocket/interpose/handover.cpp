#include "libwebsocket/interpose/handover.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "libwebsocket/interpose/real_calls.h"
#include "libwebsocket/interpose/wait.h"

namespace marmoset::interpose {

namespace {

// How long accept() waits, in milliseconds. A stranger may be a plain peer that waits for us to speak, and
// then is known as one. Who has handed a client over will do so again: how long after connecting depends on
// how much else there is to do. Of a gateway that does both nobody knows what comes next.
constexpr int kStrangerMs = 500;
constexpr int kPlainMs = 100;
constexpr int kGatewayMs = 5000;

// The most recent processes of one kind. Threads that accept share it.
class Processes {
  public:
    static constexpr pid_t kUnknown = 0;  // also one of another process-id namespace

    bool holds(pid_t process) const {
        return process != kUnknown &&
               std::any_of(ids_.begin(), ids_.end(), [process](const auto& id) { return id == process; });
    }
    void add(pid_t process) {
        if (process != kUnknown && !holds(process)) ids_[next_++ % ids_.size()] = process;
    }

  private:
    std::array<std::atomic<pid_t>, 64> ids_{};
    std::atomic<size_t> next_ = 0;
};
Processes gateways;
Processes plain_peers;

// Who has connected.
pid_t process_of(int connection) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid
                                                                              : Processes::kUnknown;
}

timespec patience_with(pid_t process) {
    const bool hands_over = gateways.holds(process);
    const bool plain = plain_peers.holds(process);
    const int milliseconds = hands_over == plain ? kStrangerMs : hands_over ? kGatewayMs : kPlainMs;
    return {milliseconds / 1000, milliseconds % 1000 * 1000000L};
}

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
    const pid_t process = process_of(connection);
    const timespec patience = patience_with(process);
    Deadline deadline(&patience);
    int count = 0;
    // A signal says nothing of the peer: servers that fork hear of their children at any time.
    do
        count = real().ppoll(&polled, 1, deadline.left(), nullptr);
    while (count < 0 && errno == EINTR);
    if (count == 0) plain_peers.add(process);
    if (count <= 0) return -1;
    // First a look: a plain peer's bytes are the program's. What a look brings along is a descriptor of its
    // own.
    const int seen = receive_descriptor(connection, peer, MSG_PEEK);
    if (seen < 0) return seen;
    real().close(seen);
    gateways.add(process);
    peer = {};
    return receive_descriptor(connection, peer, 0);
}

}  // namespace marmoset::interpose
