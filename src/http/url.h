// http: and https: URLs (RFC 9110 4.2) that a client of ours asks for. In: text. Out: where to connect to and
// what to ask for. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace marmoset::http {

struct Url {
    bool secure = false;  ///< https:
    std::string host;     ///< a name in lower case, or an address; IPv6 without its brackets
    uint16_t port = 0;    ///< the scheme's default filled in
    std::string target;   ///< path and query as the request line takes them, at least "/"
    std::string_view scheme() const { return secure ? "https" : "http"; }

    /// host [":" port], without the scheme's default port and with an address's brackets: the Host field.
    std::string authority() const;
};

/// An absolute URL of printable ASCII; user information and fragments are refused.
Result<Url> parse_url(std::string_view text);

}  // namespace marmoset::http
