// Socket addresses: parsing what configurations write, printing what logs and metadata show.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace marmoset::net {

/// An IPv4, IPv6 or UNIX peer in 20 bytes: every connection keeps one. v4-mapped IPv6 addresses become IPv4.
class Address {
  public:
    Address() = default;
    static Address from(const sockaddr* address, socklen_t size);
    /// "192.0.2.1", "2001:db8::1": no brackets, zones or names.
    static std::optional<Address> parse(std::string_view host, uint16_t port);

    enum class Family : uint8_t { None, Ip4, Ip6, Unix };
    Family family() const { return family_; }
    uint16_t port() const { return port_; }
    /// "192.0.2.1", "2001:db8::1", "unix".
    std::string host() const;
    /// "192.0.2.1:80", "[2001:db8::1]:80", "unix".
    std::string text() const;
    /// Writes it as a sockaddr_in, sockaddr_in6, or the family alone; returns its size.
    socklen_t to_sockaddr(sockaddr_storage& out) const;
    /// 16 bytes that are equal for equal hosts (IPv4 in its mapped form).
    const uint8_t* key() const { return bytes_; }

  private:
    uint8_t bytes_[16] = {};
    uint16_t port_ = 0;
    Family family_ = Family::None;
};

/// Where to listen. `text` as in `addr =`: empty or "any" (IPv6 socket that takes IPv4 too; IPv4 where the
/// kernel has no IPv6), an IPv4 or IPv6 literal, "unix:/path".
struct ListenAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    bool any = false;
    std::string unix_path;  ///< not empty: a UNIX socket
    /// "0.0.0.0:80", "[::]:80", "unix:/path".
    std::string text() const;
    void set_port(uint16_t port);
};
Result<ListenAddress> parse_listen_address(std::string_view text, uint16_t port);

}  // namespace marmoset::net
