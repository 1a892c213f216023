#include "net/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <cstring>

namespace marmoset::net {

Address Address::from(const sockaddr* address, socklen_t size) {
    Address result;
    if (size >= sizeof(sockaddr_in) && address->sa_family == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(address);
        result.bytes_[10] = result.bytes_[11] = 0xff;
        std::memcpy(result.bytes_ + 12, &in->sin_addr, 4);
        result.port_ = ntohs(in->sin_port);
        result.family_ = Family::Ip4;
    } else if (size >= sizeof(sockaddr_in6) && address->sa_family == AF_INET6) {
        const auto* in6 = reinterpret_cast<const sockaddr_in6*>(address);
        std::memcpy(result.bytes_, &in6->sin6_addr, 16);
        result.port_ = ntohs(in6->sin6_port);
        result.family_ = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? Family::Ip4 : Family::Ip6;
    } else if (address->sa_family == AF_UNIX) {
        result.family_ = Family::Unix;
    }
    return result;
}

std::optional<Address> Address::parse(std::string_view host, uint16_t port) {
    char text[INET6_ADDRSTRLEN];
    if (host.size() >= sizeof text || host.find('\0') != std::string_view::npos) return std::nullopt;
    host.copy(text, host.size());
    text[host.size()] = '\0';
    sockaddr_in in{};
    sockaddr_in6 in6{};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        return from(reinterpret_cast<const sockaddr*>(&in), sizeof in);
    }
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) != 1) return std::nullopt;
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    return from(reinterpret_cast<const sockaddr*>(&in6), sizeof in6);
}

socklen_t Address::to_sockaddr(sockaddr_storage& out) const {
    out = {};
    if (family_ == Family::Ip4) {
        auto& in = reinterpret_cast<sockaddr_in&>(out);
        in.sin_family = AF_INET;
        in.sin_port = htons(port_);
        std::memcpy(&in.sin_addr, bytes_ + 12, 4);
        return sizeof in;
    }
    if (family_ == Family::Ip6) {
        auto& in6 = reinterpret_cast<sockaddr_in6&>(out);
        in6.sin6_family = AF_INET6;
        in6.sin6_port = htons(port_);
        std::memcpy(&in6.sin6_addr, bytes_, 16);
        return sizeof in6;
    }
    out.ss_family = family_ == Family::Unix ? AF_UNIX : AF_UNSPEC;
    return sizeof out.ss_family;
}

std::string Address::host() const {
    char text[INET6_ADDRSTRLEN] = "";
    switch (family_) {
        case Family::Ip4:
            inet_ntop(AF_INET, bytes_ + 12, text, sizeof text);
            break;
        case Family::Ip6:
            inet_ntop(AF_INET6, bytes_, text, sizeof text);
            break;
        case Family::Unix:
            return "unix";
        case Family::None:
            return "-";
    }
    return text;
}

std::string Address::text() const {
    if (family_ == Family::Unix || family_ == Family::None) return host();
    const std::string port = ":" + std::to_string(port_);
    return family_ == Family::Ip6 ? "[" + host() + "]" + port : host() + port;
}

std::string ListenAddress::text() const {
    if (!unix_path.empty()) return "unix:" + unix_path;
    char host[INET6_ADDRSTRLEN] = "";
    if (storage.ss_family == AF_INET6) {
        const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
        inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
        return std::string("[") + host + "]:" + std::to_string(ntohs(in6.sin6_port));
    }
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
    return std::string(host) + ":" + std::to_string(ntohs(in.sin_port));
}

void ListenAddress::set_port(uint16_t port) {
    // sin_port and sin6_port lie at the same offset.
    if (unix_path.empty()) reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
}

Result<ListenAddress> parse_listen_address(std::string_view text, uint16_t port) {
    ListenAddress address;
    const std::string host(text);
    if (text.starts_with("unix:")) {
        auto& un = reinterpret_cast<sockaddr_un&>(address.storage);
        address.unix_path = host.substr(5);
        if (address.unix_path.empty() || address.unix_path.size() >= sizeof un.sun_path) {
            return Error{"\"" + host + "\" is not a UNIX socket path of 1 to 107 bytes"};
        }
        un.sun_family = AF_UNIX;
        std::memcpy(un.sun_path, address.unix_path.data(), address.unix_path.size());
        address.size = sizeof un;
        return address;
    }
    auto& in = reinterpret_cast<sockaddr_in&>(address.storage);
    auto& in6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    if (host.empty() || host == "any" || host == "*") {
        address.any = true;
        in6.sin6_family = AF_INET6;
        in6.sin6_addr = in6addr_any;
        address.size = sizeof in6;
    } else if (inet_pton(AF_INET, host.c_str(), &in.sin_addr) == 1) {
        in.sin_family = AF_INET;
        address.size = sizeof in;
    } else if (inet_pton(AF_INET6, host.c_str(), &in6.sin6_addr) == 1) {
        in6.sin6_family = AF_INET6;
        address.size = sizeof in6;
    } else {
        return Error{"\"" + host + "\" is not an IPv4 or IPv6 address, \"any\" or \"unix:/path\""};
    }
    address.set_port(port);
    return address;
}

}  // namespace marmoset::net
