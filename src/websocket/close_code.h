// RFC 6455 7.4: which close codes may stand in a Close frame, and the payload of that frame.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace marmoset::websocket {

enum CloseCode : uint16_t {
    kNormal = 1000,
    kGoingAway = 1001,
    kProtocolError = 1002,
    kUnsupportedData = 1003,
    kNoStatus = 1005,  ///< never on the wire: an empty Close frame
    kAbnormal = 1006,  ///< never on the wire: no Close frame at all
    kInvalidPayload = 1007,
    kPolicyViolation = 1008,
    kMessageTooBig = 1009,
    kInternalError = 1011,
    kServiceRestart = 1012,
    kTryAgainLater = 1013,
};

/// 1000-1003, 1007-1014 (IANA registry) and 3000-4999 may be sent; 0-999, 1004-1006, 1015-2999 and 5000+ may
/// not.
bool is_sendable_close_code(uint16_t code);

/// Largest reason: 125 bytes of control payload less 2 for the code.
inline constexpr size_t kMaxCloseReason = 123;

/// Result of reading a Close payload: `code` to report (1005 when empty), or `error` non-zero: the code to
/// fail with (1002 bad length or code, 1007 reason not UTF-8).
struct ParsedClose {
    uint16_t code = kNoStatus;
    std::string_view reason;
    uint16_t error = 0;
};
ParsedClose parse_close_payload(Bytes payload);

/// Writes code and reason (cut at a character boundary to kMaxCloseReason) to `out` (125 bytes); returns the
/// size, 0 for 1005.
size_t encode_close_payload(uint8_t* out, uint16_t code, std::string_view reason);

}  // namespace marmoset::websocket
