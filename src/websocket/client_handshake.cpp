#include "websocket/client_handshake.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "websocket/handshake.h"
#include "websocket/masking_key.h"

namespace marmoset::websocket {

std::string make_key() {
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof bytes; i += 4)
        make_masking_key(bytes + i);
    return base64_encode(bytes);
}

bool are_valid_protocols(const std::vector<std::string>& protocols) {
    for (auto it = protocols.begin(); it != protocols.end(); ++it) {
        if (!is_token(*it) || std::find(protocols.begin(), it, *it) != it) return false;
    }
    return true;
}

bool is_addable_field(std::string_view name, std::string_view value) {
    constexpr std::string_view kPrefix = "sec-websocket-";
    if (!is_token(name) || equal_caseless(name.substr(0, kPrefix.size()), kPrefix)) return false;
    for (const std::string_view own : {"upgrade", "connection", "content-length", "transfer-encoding"}) {
        if (equal_caseless(name, own)) return false;
    }
    return std::none_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
    });
}

std::string handshake_request(const ClientHandshake& asked, std::string_view target,
                              std::string_view authority,
                              const std::vector<std::pair<std::string, std::string>>& fields) {
    std::string text = "GET ";
    text.append(target).append(" HTTP/1.1\r\n");
    const bool own_host = std::any_of(fields.begin(), fields.end(),
                                      [](const auto& field) { return equal_caseless(field.first, "host"); });
    if (!own_host) text.append("Host: ").append(authority).append("\r\n");
    text += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
    text.append(asked.key).append("\r\n");
    for (size_t i = 0; i < asked.protocols.size(); ++i)
        text.append(i == 0 ? "Sec-WebSocket-Protocol: " : ", ").append(asked.protocols[i]);
    if (!asked.protocols.empty()) text += "\r\n";
    if (asked.deflate) text.append("Sec-WebSocket-Extensions: ").append(deflate_offer()).append("\r\n");
    for (const auto& [name, value] : fields)
        text.append(name).append(": ").append(value).append("\r\n");
    return text += "\r\n";
}

AnswerVerdict check_answer(const ClientHandshake& asked, const HandshakeAnswer& answer) {
    AnswerVerdict verdict;
    const auto fail = [&](const char* error) {
        verdict.error = error;
        return verdict;
    };
    if (answer.minor_version < 1) return fail("the server switched protocols in HTTP/1.0");
    if (!equal_caseless(trim(answer.upgrade), "websocket"))
        return fail("the answer's Upgrade is not \"websocket\"");
    if (!list_contains(answer.connection, "upgrade"))
        return fail("the answer's Connection does not list \"Upgrade\"");
    if (answer.accept_count != 1 || trim(answer.accept) != accept_value(asked.key))
        return fail("the answer's Sec-WebSocket-Accept does not fit the key");
    if (answer.protocol_count > 1) return fail("the answer names more than one subprotocol");
    if (answer.protocol_count == 1) {
        verdict.protocol = trim(answer.protocol);
        // Compared with case: they were sent as they should come back.
        if (std::find(asked.protocols.begin(), asked.protocols.end(), verdict.protocol) ==
            asked.protocols.end())
            return fail("the answer names a subprotocol that was not asked for");
    } else if (!asked.protocols.empty()) {
        // The browser's rule (WHATWG WebSockets 2.2): a server that knows none of them is not the one meant.
        return fail("the server chose none of the subprotocols");
    }
    std::string_view extensions = answer.extensions;
    while (const auto extension = next_list_element(extensions)) {
        if (!asked.deflate || verdict.deflate)
            return fail("the answer names an extension that was not offered");
        verdict.deflate = check_deflate_answer(*extension);
        if (!verdict.deflate) return fail("the answer names an extension that was not offered");
    }
    return verdict;
}

}  // namespace marmoset::websocket
