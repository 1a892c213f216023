// RFC 7692 5 and 7.1: which permessage-deflate offer of a client is accepted, and with what parameters; what
// a client offers, and which answers to it are valid. Header values in, parameters out; knows no zlib.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace marmoset::websocket {

/// Binary logarithm of the largest LZ77 window in bytes (RFC 7692 7.1.2).
inline constexpr unsigned kMinWindowBits = 8;
inline constexpr unsigned kMaxWindowBits = 15;

/// What was agreed for one connection. Context takeover: the window stays from one message to the next.
struct DeflateParameters {
    uint8_t server_window_bits = kMaxWindowBits;  ///< of what the server sends
    uint8_t client_window_bits = kMaxWindowBits;  ///< of what the client sends
    bool server_takeover = true;
    bool client_takeover = true;
    bool server_window_named =
        false;  ///< the offer has server_max_window_bits: so must the answer, 15 included

    bool operator==(const DeflateParameters&) const = default;
};

/// What this side is willing to spend.
struct DeflatePolicy {
    uint8_t window_bits =
        kMaxWindowBits;  ///< largest window in either direction, as far as the peer can be told
    bool server_takeover = false;
    bool client_takeover = false;
};

/// Looks through the offers of a client's Sec-WebSocket-Extensions (all its values joined with commas) in the
/// client's order of preference and takes the first permessage-deflate whose every parameter is understood;
/// one with an unknown, repeated or malformed parameter is declined (RFC 7692 5.1, 7.1). nullopt: none.
std::optional<DeflateParameters> accept_deflate_offer(std::string_view offers, const DeflatePolicy& policy);

/// The element of the server's Sec-WebSocket-Extensions that says so. Limits of the client's window are in it
/// only if the client offered to keep one: `parameters` are of accept_deflate_offer().
std::string deflate_response(const DeflateParameters& parameters);

/// What a client of ours offers: any window, and that it can keep to a smaller one of its own.
std::string_view deflate_offer();

/// The server's answer to deflate_offer(), one element of its Sec-WebSocket-Extensions. nullopt: it is
/// another extension, or a parameter of it is unknown, repeated or malformed: the client fails the
/// connection (RFC 7692 7.1).
std::optional<DeflateParameters> check_deflate_answer(std::string_view answer);

/// What the client's end works with: its server_... are of what it sends itself, as PerMessageDeflate reads
/// them.
DeflateParameters at_the_clients_end(const DeflateParameters& agreed);

}  // namespace marmoset::websocket
