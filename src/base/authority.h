// host [":" port], as it stands in Host, Origin and absolute-form targets (RFC 3986 3.2.2, 3.2.3). Strict: no
// user information, no spaces, IPv6 in brackets. In: text. Out: its parts, as views into the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace marmoset {

struct Authority {
    std::string_view host;         ///< never empty; an IPv6 address keeps its brackets
    std::optional<uint16_t> port;  ///< none as well for "host:", which RFC 3986 3.2.3 allows
};

/// Splits `text`; false if it is anything but host [":" port]. `out` is valid only after true.
bool parse_authority(std::string_view text, Authority& out);

/// Same host: names without case, IPv6 addresses by value ("[::1]" and "[0:0::1]").
bool equal_hosts(std::string_view a, std::string_view b);

}  // namespace marmoset
