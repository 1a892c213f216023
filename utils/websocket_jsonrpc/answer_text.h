// What a library answers, as it goes to the client. In: what its method returned. Out: the text of a result
// or of an error object, whatever that was.
#pragma once

#include <jansson.h>

#include <string>

#include "frame.h"

namespace jsonrpc {

struct AnswerText {
    AnswerKind kind = AnswerKind::Error;
    std::string text;
    bool no_error_object = false;  ///< the library's error was none (section 5.1)
};

/// `kind` is MARMOSET_JSONRPC_RESULT, or an error; `value` (borrowed) may be nullptr. An internal error takes
/// the place of what is no JSON value, of what is no error object, and of a text with more than `most` bytes.
AnswerText answer_text(int kind, const json_t* value, size_t most);

}  // namespace jsonrpc
