// RFC 6455 4.1: the client's half of the opening handshake: the request it sends, and what the answer must
// say to be believed. Strings in and out; knows no socket and no HTTP object.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "websocket/deflate_offer.h"

namespace marmoset::websocket {

/// What a client asks for.
struct ClientHandshake {
    std::string key;  ///< Sec-WebSocket-Key: make_key()
    std::vector<std::string> protocols;
    bool deflate = true;  ///< permessage-deflate is offered
};

/// A fresh Sec-WebSocket-Key: base64 of 16 random bytes.
std::string make_key();

/// A list of subprotocols that may be asked for: tokens, none twice (RFC 6455 4.1 item 10).
bool are_valid_protocols(const std::vector<std::string>& protocols);

/// A field that a program may add: a token and a value without line ends, and none of those the handshake
/// itself writes.
bool is_addable_field(std::string_view name, std::string_view value);

/// The request's head with its empty line. `authority` is Host's value; `fields` have been checked.
std::string handshake_request(const ClientHandshake& asked, std::string_view target,
                              std::string_view authority,
                              const std::vector<std::pair<std::string, std::string>>& fields);

/// What a 101 said; an absent field is empty. Repeated fields are joined with ", ".
struct HandshakeAnswer {
    unsigned minor_version = 1;  ///< of HTTP/1.x
    std::string upgrade, connection, accept, protocol, extensions;
    unsigned accept_count = 0;    ///< how many Sec-WebSocket-Accept fields came: exactly one is legal
    unsigned protocol_count = 0;  ///< how many Sec-WebSocket-Protocol fields came: one at most
};

struct AnswerVerdict {
    const char* error = nullptr;               ///< nullptr: the connection is established
    std::string protocol;                      ///< the subprotocol chosen, may be empty
    std::optional<DeflateParameters> deflate;  ///< permessage-deflate was agreed, with these
};

/// RFC 6455 4.1, the numbered list behind "once the client's opening handshake has been sent".
AnswerVerdict check_answer(const ClientHandshake& asked, const HandshakeAnswer& answer);

}  // namespace marmoset::websocket
