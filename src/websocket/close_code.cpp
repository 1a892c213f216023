// The two directions of a Close payload (RFC 6455 5.5.1, 7.4).
#include "websocket/close_code.h"

#include <algorithm>

#include "websocket/utf8.h"

namespace marmoset::websocket {

bool is_sendable_close_code(uint16_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

ParsedClose parse_close_payload(Bytes payload) {
    ParsedClose result;
    if (payload.empty()) return result;
    if (payload.size() < 2 || payload.size() > kMaxCloseReason + 2) {
        result.error = kProtocolError;
        return result;
    }
    const uint16_t code = load_big<uint16_t>(payload.data());
    const Bytes reason = payload.subspan(2);
    if (!is_sendable_close_code(code)) {
        result.error = kProtocolError;
    } else if (!is_valid_utf8(reason)) {
        result.error = kInvalidPayload;
    } else {
        result.code = code;
        result.reason = as_text(reason);
    }
    return result;
}

size_t encode_close_payload(uint8_t* out, uint16_t code, std::string_view reason) {
    if (code == kNoStatus) return 0;
    size_t size = reason.size();
    if (size > kMaxCloseReason) size = complete_utf8_prefix(as_bytes(reason.substr(0, kMaxCloseReason)));
    store_big<uint16_t>(out, code);
    std::copy_n(reason.begin(), size, out + 2);
    return size + 2;
}

}  // namespace marmoset::websocket
