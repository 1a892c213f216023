// Answers as text. In: values of a library. Out: JSON that may stand in a Response object.
#include "answer_text.h"

#include <marmoset/jsonrpc_library.h>

#include "request.h"

namespace jsonrpc {

AnswerText answer_text(int kind, const json_t* value, size_t most) {
    const auto internal = [](const std::string& why, bool no_error_object = false) {
        return AnswerText{AnswerKind::Error, error_object(kInternalError, why), no_error_object};
    };
    const bool result = kind == MARMOSET_JSONRPC_RESULT;
    if (!value) return result ? AnswerText{AnswerKind::Result, "null"} : internal("");
    if (!result && !is_error_object(value)) return internal("the library's error is no error object", true);
    std::string text = dump(value);
    if (text.empty()) return internal("the answer is no JSON value");
    if (text.size() > most) return internal("the answer has more than " + std::to_string(most) + " bytes");
    return {result ? AnswerKind::Result : AnswerKind::Error, std::move(text)};
}

}  // namespace jsonrpc
