// What a library answers, as text.
#include "utils/websocket_jsonrpc/answer_text.h"

#include <gtest/gtest.h>
#include <marmoset/jsonrpc_library.h>

#include "base/json.h"
#include "utils/websocket_jsonrpc/request.h"

namespace jsonrpc {
namespace {

AnswerText of(int kind, const char* json, size_t most = 1000) {
    const marmoset::Json value(json_loads(json, JSON_DECODE_ANY, nullptr));
    EXPECT_TRUE(value) << json;
    return answer_text(kind, value.get(), most);
}

int64_t code(const AnswerText& answer) {
    const marmoset::Json error(json_loads(answer.text.c_str(), 0, nullptr));
    EXPECT_TRUE(is_error_object(error.get())) << answer.text;
    return json_integer_value(json_object_get(error.get(), "code"));
}

TEST(AnswerText, OfAResultIsAnyValue) {
    for (const char* json : {"1", "\"no\"", "null", "{\"code\":1}", "[]"}) {
        const AnswerText answer = of(MARMOSET_JSONRPC_RESULT, json);
        EXPECT_EQ(answer.kind, AnswerKind::Result);
        EXPECT_EQ(answer.text, json);
        EXPECT_FALSE(answer.no_error_object);
    }
    EXPECT_EQ(answer_text(MARMOSET_JSONRPC_RESULT, nullptr, 10).text, "null");
}

TEST(AnswerText, OfAnErrorIsAnErrorObject) {
    for (const char* json : {R"({"code":-7,"message":"no"})", R"({"code":0,"message":"","data":[1]})"}) {
        const AnswerText answer = of(MARMOSET_JSONRPC_ERROR, json);
        EXPECT_EQ(answer.kind, AnswerKind::Error);
        EXPECT_EQ(answer.text, json);
        EXPECT_FALSE(answer.no_error_object);
    }
}

TEST(AnswerText, OfWhatIsNoErrorObjectIsAnInternalError) {
    for (const char* json : {"\"no\"", "1", "null", "[]", "{}", R"({"code":1})", R"({"message":"no"})",
                             R"({"code":1.5,"message":"no"})", R"({"code":"1","message":"no"})",
                             R"({"code":1,"message":null})"}) {
        const AnswerText answer = of(MARMOSET_JSONRPC_ERROR, json);
        EXPECT_EQ(answer.kind, AnswerKind::Error);
        EXPECT_EQ(code(answer), kInternalError) << json;
        EXPECT_TRUE(answer.no_error_object);
    }
    const AnswerText none = answer_text(MARMOSET_JSONRPC_ERROR, nullptr, 10);
    EXPECT_EQ(code(none), kInternalError);
    EXPECT_FALSE(none.no_error_object);
}

TEST(AnswerText, ThatIsTooLongIsAnInternalError) {
    EXPECT_EQ(of(MARMOSET_JSONRPC_RESULT, "\"12345678\"", 10).kind, AnswerKind::Result);
    const AnswerText answer = of(MARMOSET_JSONRPC_RESULT, "\"123456789\"", 10);
    EXPECT_EQ(answer.kind, AnswerKind::Error);
    EXPECT_EQ(code(answer), kInternalError);
}

}  // namespace
}  // namespace jsonrpc
