// Checks of host and port, character by character: no resolver and no locale has a say in them.
#include "base/authority.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "base/text.h"

namespace marmoset {

namespace {

using Ipv6 = std::array<unsigned char, 16>;

/// RFC 3986 reg-name without its percent escapes: unreserved and sub-delims.
constexpr bool is_name_character(char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~!$&'()*+,;=").find(c) != std::string_view::npos;
}

bool is_registered_name(std::string_view host) {
    for (size_t i = 0; i < host.size(); ++i) {
        if (host[i] == '%') {
            if (host.size() - i < 3 || hex_value(host[i + 1]) < 0 || hex_value(host[i + 2]) < 0) return false;
            i += 2;
        } else if (!is_name_character(host[i])) {
            return false;
        }
    }
    return !host.empty();
}

/// Reads "[...]". No zone: a link-local scope means nothing to the other end (RFC 6874 4).
bool parse_bracketed(std::string_view host, Ipv6& address) {
    char text[INET6_ADDRSTRLEN];
    if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
    if (host.size() >= sizeof text || host.find('\0') != std::string_view::npos) return false;
    std::memcpy(text, host.data(), host.size());
    text[host.size()] = '\0';
    return inet_pton(AF_INET6, text, address.data()) == 1;
}

}  // namespace

bool parse_authority(std::string_view text, Authority& out) {
    Ipv6 address;
    const size_t name_end = text.starts_with('[') ? text.find(']') : 0;
    if (name_end == std::string_view::npos) return false;
    const size_t colon = text.find(':', name_end);
    out.host = text.substr(0, colon);
    out.port.reset();
    if (name_end != 0 ? !parse_bracketed(out.host, address) : !is_registered_name(out.host)) return false;
    if (colon == std::string_view::npos || colon + 1 == text.size()) return true;
    const auto port = parse_decimal(text.substr(colon + 1));
    if (!port || *port > 65535) return false;
    out.port = static_cast<uint16_t>(*port);
    return true;
}

bool equal_hosts(std::string_view a, std::string_view b) {
    Ipv6 left, right;
    if (a.starts_with('[') && parse_bracketed(a, left) && parse_bracketed(b, right)) return left == right;
    return equal_caseless(a, b);
}

}  // namespace marmoset
