// The URLs a websocket client connects to: ws: and wss: (RFC 6455 3), and ws+unix:, a UNIX socket with the
// request's target behind the last colon of the form "ws+unix:///path/to.sock:/target". Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace marmoset::websocket {

struct Url {
    bool secure = false;    ///< wss:
    std::string unix_path;  ///< not empty: connect there; host is then "localhost"
    std::string host;       ///< a name in lower case, or an address; IPv6 without its brackets
    uint16_t port = 0;      ///< the scheme's default filled in
    std::string target;     ///< path and query as the request line takes them, at least "/"
    bool has_user = false;  ///< user information was given
    std::string user;       ///< percent-decoded
    std::string password;   ///< percent-decoded

    /// host [":" port], without the scheme's default port and with an address's brackets: the Host field.
    std::string authority() const;
    /// "wss://host:port/path?query" without user information: WebSocket.url, and what logs may show.
    std::string text() const;
};

/// http: and https: are taken for ws: and wss:, as browsers have it since 2023. A fragment is refused (RFC
/// 6455 3), so are spaces and control characters; other characters beyond ASCII are percent-encoded.
Result<Url> parse_url(std::string_view text);

/// "http://[user:password@]host[:port]" of a proxy; the default port is 8080.
Result<Url> parse_proxy_url(std::string_view text);

/// The value of Authorization or Proxy-Authorization: "Basic " and base64 (RFC 7617).
std::string basic_credentials(std::string_view user, std::string_view password);

}  // namespace marmoset::websocket
