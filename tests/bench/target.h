// Where a client connects to: "host:port", "[v6]:port" or "unix:/path", and from which source address.
// In: the text of --target. Out: non-blocking sockets on their way to being connected.
#pragma once

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "posix.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

namespace marmoset::bench {

class Target {
  public:
    explicit Target(const std::string& text) : text_(text) {
        if (text.rfind("unix:", 0) == 0) {
            set_unix(text.substr(5));
        } else {
            set_inet(text);
        }
    }

    /// What goes into the Host field.
    std::string host() const { return family() == AF_UNIX ? "localhost" : text_; }
    const std::string& text() const { return text_; }
    int family() const { return address_.ss_family; }

    /// Starts connecting without blocking. On IPv4 loopback client number `index` comes from 127.0.0.1 +
    /// index / `per_address`: a source address has 28,000 ports at most, and gateways count clients per
    /// address.
    Fd connect(size_t index, size_t per_address) const {
        Fd fd(::socket(family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!fd) fail_errno("socket");
        if (family() != AF_UNIX) {
            int on = 1;
            ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
        if (is_loopback4()) bind_source(fd.get(), index / per_address);
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), length_) != 0 &&
            errno != EINPROGRESS) {
            fail_errno("connect " + text_);
        }
        return fd;
    }

  private:
    bool is_loopback4() const {
        if (family() != AF_INET) return false;
        return (ntohl(reinterpret_cast<const sockaddr_in&>(address_).sin_addr.s_addr) >> 24) == 127;
    }

    static void bind_source(int fd, size_t step) {
        if (step >= 65'000) throw std::runtime_error("too many source addresses; raise --per-address");
        int on = 1;  // the port is chosen in connect(), per destination, not here
        ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        sockaddr_in source{};
        source.sin_family = AF_INET;
        source.sin_addr.s_addr = htonl(0x7f000001u + static_cast<uint32_t>(step));
        if (::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0)
            fail_errno("bind source address");
    }

    void set_unix(const std::string& path) {
        auto& address = reinterpret_cast<sockaddr_un&>(address_);
        if (path.empty() || path.size() >= sizeof address.sun_path) {
            throw std::runtime_error("socket path too long or empty: " + path);
        }
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        length_ = sizeof address;
    }

    void set_inet(const std::string& text) {
        size_t colon = text.rfind(':');
        if (colon == std::string::npos)
            throw std::runtime_error("--target is host:port or unix:/path, not " + text);
        std::string host = text.substr(0, colon);
        if (host.size() > 2 && host.front() == '[' && host.back() == ']')
            host = host.substr(1, host.size() - 2);
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        int error = ::getaddrinfo(host.c_str(), text.substr(colon + 1).c_str(), &hints, &found);
        if (error != 0) throw std::runtime_error("resolve " + text + ": " + ::gai_strerror(error));
        std::memcpy(&address_, found->ai_addr, found->ai_addrlen);
        length_ = found->ai_addrlen;
        ::freeaddrinfo(found);
    }

    std::string text_;
    sockaddr_storage address_{};
    socklen_t length_ = 0;
};

}  // namespace marmoset::bench
