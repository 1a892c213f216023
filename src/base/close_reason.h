// The reasons a connection ends with, as data: see close_reason.def. In: a reason. Out: its text, HTTP status
// and close code.
#pragma once

#include <cstddef>
#include <cstdint>

namespace marmoset {

enum class CloseReason : uint8_t {
#define REASON(name, text, status, code, is_error) name,
#include "base/close_reason.def"
#undef REASON
};

struct CloseReasonInfo {
    const char* name;         ///< identifier, for counters
    const char* text;         ///< for logs
    uint16_t http_status;     ///< answer for a pending request; 0: none
    uint16_t websocket_code;  ///< close code toward a websocket client; 0: none can be sent
    bool is_error;            ///< worth a line in the error log
};

/// Row of the table.
const CloseReasonInfo& describe(CloseReason reason);
/// Number of reasons.
extern const size_t kCloseReasonCount;

}  // namespace marmoset
