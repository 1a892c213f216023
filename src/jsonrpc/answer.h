// What a method of an RPC library answers: a result or an error, and refusals in either. In: codes and texts.
// Out: values for websocket_jsonrpc.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"

namespace marmoset::jsonrpc {

/// Codes of refusals, see conf/jsonrpc-methods.md.
enum Code : int {
    kRefused = 0,  ///< what ouistiti refuses, too
    kDenied = 403,
    kMissing = 404,
    kTimeout = 408,
    kConflict = 409,
    kTooLarge = 413,
    kWrongStatement = 422,
    kThrottled = 429,
    kUnavailable = 503,
    kInvalidParams = -32602,
};

struct Answer {
    Json value;
    bool error = false;
};

struct Refusal {
    Refusal() = default;
    Refusal(int code, std::string text) : code(code), text(std::move(text)) {}

    int code = kRefused;
    std::string text;
    Json more{};  ///< an object of what else is known; may be empty
};

/// As ouistiti refuses: a result {code, message, data}, data being the message again, and what else is known.
Answer refusal_as_result(const Refusal& refusal);
/// As JSON-RPC has it: an error {code, message, data}, data being what else is known.
Answer refusal_as_error(const Refusal& refusal);
/// {message}
Answer message(const char* text);

/// A string, whatever bytes the text has: those that are no UTF-8 become '?'.
json_t* json_text_of(std::string_view text);

}  // namespace marmoset::jsonrpc
