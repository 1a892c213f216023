// The parts of the ceilings: listening sockets, a pipe from one descriptor to another with at most one buffer
// waiting, and the echo server built of them. In: descriptors. Out: bytes moved, one recv and one send each.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "posix.h"

namespace marmoset::bench {

/// Listens on 127.0.0.1, the port chosen by the kernel and printed as "port N" for whoever started us.
inline Fd listen_tcp() {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(fd.get(), 4096) != 0 ||
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        fail_errno("listen on 127.0.0.1");
    }
    std::printf("port %u\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

inline sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("socket path too long: " + path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    return address;
}

/// Listens on a UNIX stream socket and prints "listening".
inline Fd listen_unix(const std::string& path) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address = unix_address(path);
    if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd.get(), 4096) != 0) {
        fail_errno("listen on " + path);
    }
    std::puts("listening");
    std::fflush(stdout);
    return fd;
}

/// Accepts one connection without blocking; empty when there is none.
inline Fd accept_one(const Fd& listener) {
    Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    int on = 1;
    if (fd) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // no effect on a UNIX socket
    return fd;
}

/// One way: what was read from one descriptor and not yet accepted by the other. Nothing is read while
/// something waits.
class Pipe {
  public:
    bool blocked() const { return sent_ < waiting_.size(); }

    /// One recv and one send; false when `from` has ended or either side is broken.
    bool move(int from, int to) {
        ssize_t count = ::recv(from, buffer(), kBuffer, MSG_DONTWAIT);
        if (count < 0) return errno == EAGAIN;
        if (count == 0) return false;
        ssize_t done = send(to, buffer(), static_cast<size_t>(count));
        if (done < 0) return false;
        if (done < count) waiting_.assign(buffer() + done, buffer() + count);
        sent_ = 0;
        return true;
    }

    /// Sends what waited.
    bool resume(int to) {
        ssize_t done = send(to, waiting_.data() + sent_, waiting_.size() - sent_);
        if (done < 0) return false;
        sent_ += static_cast<size_t>(done);
        if (!blocked()) waiting_.clear();
        return true;
    }

  private:
    static constexpr size_t kBuffer = 256 * 1024;

    static uint8_t* buffer() {
        static std::unique_ptr<uint8_t[]> shared = std::make_unique<uint8_t[]>(kBuffer);
        return shared.get();
    }
    // How much went, 0 when nothing fits now, -1 when the connection is broken.
    static ssize_t send(int to, const uint8_t* data, size_t size) {
        ssize_t count = ::send(to, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        return count < 0 && errno == EAGAIN ? 0 : count;
    }

    std::vector<uint8_t> waiting_;
    size_t sent_ = 0;
};

/// Echoes every connection of `listener`, for ever.
inline void serve_echo(const Fd& listener) {
    struct Connection {
        Fd fd;
        Pipe pipe;
    };
    raise_descriptor_limit();
    Poller poller;
    poller.add(listener.get(), EPOLLIN, nullptr);
    for (;;) {
        for (epoll_event& event : poller.wait(-1)) {
            auto* connection = static_cast<Connection*>(event.data.ptr);
            if (connection == nullptr) {
                while (Fd fd = accept_one(listener)) {
                    connection =
                        new Connection{std::move(fd), {}};  // owned by its place in the epoll until it ends
                    poller.add(connection->fd.get(), EPOLLIN, connection);
                }
                continue;
            }
            int fd = connection->fd.get();
            bool was_blocked = connection->pipe.blocked();
            bool alive = was_blocked ? connection->pipe.resume(fd) : connection->pipe.move(fd, fd);
            if (!alive) {
                delete connection;
            } else if (connection->pipe.blocked() != was_blocked) {
                poller.change(fd, was_blocked ? EPOLLIN : EPOLLOUT, connection);
            }
        }
    }
}

/// main() of the ceilings: faults on standard error.
template <typename Body>
int guarded(const char* name, Body body) {
    try {
        std::signal(SIGPIPE, SIG_IGN);
        body();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", name, error.what());
        return 1;
    }
}

}  // namespace marmoset::bench
