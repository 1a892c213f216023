// RFC 6455 4.1, 4.2: the pure part of the opening handshake: key check, accept value, version, Origin and
// subprotocol tokens. Strings in, verdict out; knows no HTTP object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace marmoset::websocket {

/// What the handshake needs to see of a request; views into the caller's memory. An absent header is an empty
/// view.
struct HandshakeRequest {
    std::string_view method;
    unsigned minor_version = 1;  ///< of HTTP/1.x
    std::string_view host;
    std::string_view upgrade;
    std::string_view connection;
    std::string_view key;
    unsigned key_count =
        0;  ///< how many Sec-WebSocket-Key headers came: exactly one is legal (RFC 6455 11.3.1)
    std::string_view version;
    unsigned version_count = 0;   ///< how many Sec-WebSocket-Version headers came
    std::string_view protocols;   ///< all Sec-WebSocket-Protocol values joined with ", "
    std::string_view extensions;  ///< all Sec-WebSocket-Extensions values, likewise
    bool has_body = false;        ///< Content-Length other than 0 or Transfer-Encoding
};

/// True when the request asks for a websocket at all: Upgrade lists "websocket" and Connection lists
/// "upgrade".
bool wants_websocket(std::string_view upgrade, std::string_view connection);

/// Checks a request for which wants_websocket() is true. `status` 0: go on. 400 malformed, 405 method, 426
/// with "Sec-WebSocket-Version: 13". `reason` is for the log and the body.
struct HandshakeVerdict {
    unsigned status = 0;
    const char* reason = "";
};
HandshakeVerdict check_handshake(const HandshakeRequest& request);

/// Sec-WebSocket-Accept for a key (RFC 6455 4.2.2 item 5.4): base64(SHA-1(key + GUID)), 28 characters.
std::string accept_value(std::string_view key);

/// True if `key` is base64 of exactly 16 bytes.
bool is_valid_key(std::string_view key);

/// The offered subprotocols in order; false if a token is malformed or appears twice (RFC 6455 4.1 item 10).
bool parse_protocols(std::string_view header, std::vector<std::string_view>& tokens);

/// Whether all of a Sec-WebSocket-Extensions is well formed: names with parameters that are tokens, or quoted
/// tokens. Whatever is offered may be declined, but a malformed list fails the handshake (RFC 6455 9.1).
bool is_valid_extension_list(std::string_view header);

/// Origin policy `origin = ...` of the websocket group.
/// "same": Origin's host and port equal Host's (default ports by scheme; over TLS its scheme is https); "*":
/// any; else a comma separated list of origins or hosts ("https://example.org:8443", "example.org",
/// "*.example.org"). No Origin header
/// (`origin` empty): accepted, no browser sent it. "null": refused unless policy is "*" or lists "null".
/// `tls` tells whether the request came over TLS: the default port of Host.
bool origin_permitted(std::string_view policy, std::string_view origin, std::string_view host, bool tls);

}  // namespace marmoset::websocket
