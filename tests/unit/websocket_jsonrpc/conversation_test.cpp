// The engine: the examples of JSON-RPC 2.0's specification (section 7), ids, batches, limits.
#include "utils/websocket_jsonrpc/conversation.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/json.h"

namespace jsonrpc {
namespace {

/// Runs the methods of the specification's examples; what is deferred is answered by the test.
class Methods final : public Conversation::Sink {
  public:
    explicit Methods(const Conversation::Limits& limits = {}) : conversation(limits, common, *this) {}

    void call(uint64_t number, const Request& request) override {
        calls.emplace_back(number, request);
        if (!deferred) run(number, request);
    }
    void send(std::string_view text) override { sent.emplace_back(text); }

    void run(uint64_t number, const Request& request) {
        const marmoset::Json params(json_loadb(request.params.data(), request.params.size(), 0, nullptr));
        int64_t a = 0, b = 0;
        const auto answer = [&](const std::string& json) {
            conversation.answer(number, AnswerKind::Result, json);
        };
        if (request.method == "subtract") {
            if (json_unpack(params.get(), "[II]", &a, &b) != 0)
                json_unpack(params.get(), "{sIsI}", "minuend", &a, "subtrahend", &b);
            answer(std::to_string(a - b));
        } else if (request.method == "sum") {
            int64_t sum = 0;
            for (size_t i = 0; i < json_array_size(params.get()); ++i)
                sum += json_integer_value(json_array_get(params.get(), i));
            answer(std::to_string(sum));
        } else if (request.method == "get_data") {
            answer(R"(["hello",5])");
        } else if (request.method == "update" || request.method == "notify_hello" ||
                   request.method == "notify_sum") {
            answer("null");
        } else {
            conversation.answer(number, AnswerKind::Error, error_object(kMethodNotFound));
        }
    }

    Conversation::Common common;
    bool deferred = false;
    std::vector<std::pair<uint64_t, Request>> calls;
    std::vector<std::string> sent;
    Conversation conversation;
};

/// The one answer to a text, or "" for none.
std::string answer_to(const std::string& text) {
    Methods methods;
    methods.conversation.receive(text);
    EXPECT_LE(methods.sent.size(), 1u);
    EXPECT_EQ(methods.conversation.calls(), 0u);
    EXPECT_EQ(methods.conversation.bytes(), 0u);
    return methods.sent.empty() ? "" : methods.sent[0];
}

/// Compares JSON texts as values; "data", which the specification leaves to us, is taken out of `got`.
void expect_json(const std::string& got, const std::string& expected) {
    if (expected.empty()) {
        EXPECT_EQ(got, "");
        return;
    }
    marmoset::Json left(json_loads(got.c_str(), 0, nullptr)), right(json_loads(expected.c_str(), 0, nullptr));
    ASSERT_TRUE(left) << got;
    ASSERT_TRUE(right) << expected;
    const auto strip = [](json_t* response) { json_object_del(json_object_get(response, "error"), "data"); };
    strip(left.get());
    for (size_t i = 0; i < json_array_size(left.get()); ++i)
        strip(json_array_get(left.get(), i));
    EXPECT_TRUE(json_equal(left.get(), right.get())) << got << "\nexpected\n" << expected;
}

constexpr const char* kInvalid =
    R"({"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null})";

TEST(Specification, CallsWithPositionalParameters) {
    expect_json(answer_to(R"({"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1})"),
                R"({"jsonrpc": "2.0", "result": 19, "id": 1})");
    expect_json(answer_to(R"({"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2})"),
                R"({"jsonrpc": "2.0", "result": -19, "id": 2})");
}

TEST(Specification, CallsWithNamedParameters) {
    expect_json(
        answer_to(
            R"({"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3})"),
        R"({"jsonrpc": "2.0", "result": 19, "id": 3})");
    expect_json(
        answer_to(
            R"({"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4})"),
        R"({"jsonrpc": "2.0", "result": 19, "id": 4})");
}

TEST(Specification, Notifications) {
    expect_json(answer_to(R"({"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]})"), "");
    expect_json(answer_to(R"({"jsonrpc": "2.0", "method": "foobar"})"), "");
}

TEST(Specification, CallOfANonExistentMethod) {
    expect_json(answer_to(R"({"jsonrpc": "2.0", "method": "foobar", "id": "1"})"),
                R"({"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"})");
}

TEST(Specification, CallWithInvalidJson) {
    expect_json(answer_to(R"({"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz])"),
                R"({"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null})");
}

TEST(Specification, CallWithAnInvalidRequest) {
    expect_json(answer_to(R"({"jsonrpc": "2.0", "method": 1, "params": "bar"})"), kInvalid);
}

TEST(Specification, BatchWithInvalidJson) {
    expect_json(
        answer_to(
            R"([{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method")"),
        R"({"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null})");
}

TEST(Specification, AnEmptyArray) {
    expect_json(answer_to("[]"), kInvalid);
}

TEST(Specification, InvalidBatches) {
    expect_json(answer_to("[1]"), std::string("[") + kInvalid + "]");
    expect_json(answer_to("[1,2,3]"), std::string("[") + kInvalid + "," + kInvalid + "," + kInvalid + "]");
}

TEST(Specification, Batch) {
    expect_json(answer_to(R"([
        {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
        {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
        {"foo": "boo"},
        {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
        {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
    ])"),
                R"([
        {"jsonrpc": "2.0", "result": 7, "id": "1"},
        {"jsonrpc": "2.0", "result": 19, "id": "2"},
        {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
        {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
        {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}
    ])");
}

TEST(Specification, BatchOfNotifications) {
    expect_json(answer_to(R"([
        {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
    ])"),
                "");
}

TEST(Ids, OfEachLegalTypeComeBackAsTheyWere) {
    for (const char* id : {"0", "-1", "1.5", "9007199254740993", "\"\"", "\"a\\u00fc \\\"\"", "null"}) {
        const std::string text = std::string(R"({"jsonrpc":"2.0","id":)") + id + R"(,"method":"update"})";
        expect_json(answer_to(text), std::string(R"({"jsonrpc":"2.0","result":null,"id":)") + id + "}");
    }
}

TEST(Ids, OfOtherTypesAreInvalid) {
    for (const char* id : {"true", "[]", "{}", "[1]"}) {
        const std::string text = std::string(R"({"jsonrpc":"2.0","id":)") + id + R"(,"method":"update"})";
        expect_json(answer_to(text), kInvalid);
    }
}

TEST(Ids, OfAnInvalidRequestComeBackWhereTheyAreLegal) {
    expect_json(answer_to(R"({"jsonrpc": "1.0", "method": "update", "id": 7})"),
                R"({"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": 7})");
    expect_json(answer_to(R"({"jsonrpc": "2.0", "method": "update", "params": 1, "id": "x"})"),
                R"({"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": "x"})");
    expect_json(answer_to(R"({"jsonrpc": "2.0", "result": 1, "id": 8})"),
                R"({"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": 8})");
}

TEST(Texts, MayEndAsOuistitisClientsEndThem) {
    const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"update"})";
    for (const std::string& end : {std::string(1, '\0'), std::string("\n"), std::string("\r\n\0\0 ", 5)})
        expect_json(answer_to(request + end), R"({"jsonrpc":"2.0","result":null,"id":1})");
    expect_json(answer_to(std::string(3, '\0')),
                R"({"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null})");
}

TEST(Texts, ParamsOfNullAreNone) {
    Methods methods;
    methods.conversation.receive(R"({"jsonrpc":"2.0","id":1,"method":"update","params":null})");
    ASSERT_EQ(methods.calls.size(), 1u);
    EXPECT_EQ(methods.calls[0].second.params, "");
}

TEST(Texts, AnswersAreOneLineWithoutANul) {
    const std::string answer = answer_to(R"({"jsonrpc":"2.0","id":1,"method":"get_data"})");
    EXPECT_EQ(answer, R"({"jsonrpc":"2.0","id":1,"result":["hello",5]})");
}

TEST(Batches, WaitForTheirLastAnswer) {
    Methods methods;
    methods.deferred = true;
    methods.conversation.receive(R"([{"jsonrpc":"2.0","id":1,"method":"update"},
        {"jsonrpc":"2.0","method":"update"},{"jsonrpc":"2.0","id":2,"method":"update"}])");
    methods.conversation.receive(R"({"jsonrpc":"2.0","id":3,"method":"update","params":[12]})");
    ASSERT_EQ(methods.calls.size(), 4u);
    EXPECT_EQ(methods.conversation.calls(), 4u);
    EXPECT_EQ(methods.conversation.bytes(), 4 * 6 + 4 + 3u);  // methods, params, ids
    const auto answer = [&](size_t index, const char* json) {
        methods.conversation.answer(methods.calls[index].first, AnswerKind::Result, json);
    };
    answer(3, "3");
    answer(2, "2");
    answer(2, "2");  // is not under way any more
    answer(0, "1");
    ASSERT_EQ(methods.sent.size(), 1u);
    EXPECT_EQ(methods.sent[0], R"({"jsonrpc":"2.0","id":3,"result":3})");
    answer(1, "0");
    ASSERT_EQ(methods.sent.size(), 2u);
    EXPECT_EQ(methods.sent[1],
              R"([{"jsonrpc":"2.0","id":2,"result":2},{"jsonrpc":"2.0","id":1,"result":1}])");
    EXPECT_EQ(methods.conversation.bytes(), 0u);
}

TEST(Batches, CountWhatTheyHoldUntilItIsSent) {
    Methods methods;
    methods.deferred = true;
    const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"update"})";
    methods.conversation.receive("[" + request + "," + request + ",1]");
    const size_t invalid = methods.common.held;
    EXPECT_GT(invalid, 50u);
    EXPECT_EQ(methods.conversation.bytes(), invalid + 2 * 7);
    methods.conversation.answer(methods.calls[0].first, AnswerKind::Result, std::string(1000, '1'));
    EXPECT_GE(methods.common.held, invalid + 1000);
    EXPECT_EQ(methods.conversation.bytes(), methods.common.held + 7);
    methods.conversation.answer(methods.calls[1].first, AnswerKind::Result, "2");
    EXPECT_EQ(methods.sent.size(), 1u);
    EXPECT_EQ(methods.common.held, 0u);
    EXPECT_EQ(methods.conversation.bytes(), 0u);
}

TEST(Batches, OfAClientThatHasGoneHoldNothing) {
    Methods methods;
    methods.deferred = true;
    {
        Conversation other({}, methods.common, methods);
        other.receive(R"([1,{"jsonrpc":"2.0","id":1,"method":"update"}])");
        EXPECT_NE(methods.common.held, 0u);
    }
    EXPECT_EQ(methods.common.held, 0u);
}

/// Answers the first call of each of two batches of two with `size` bytes. The code that the second of them
/// got instead, or 0.
int second_answer(const Conversation::Limits& limits, size_t size, bool one_client) {
    Methods methods(limits), others(limits);
    Conversation another(limits, methods.common, others);
    methods.deferred = others.deferred = true;
    const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"update"})";
    const std::string batch = "[" + request + "," + request + "]";
    methods.conversation.receive(batch);
    Conversation& second = one_client ? methods.conversation : another;
    second.receive(batch);
    const auto& calls = one_client ? methods.calls : others.calls;
    const auto& sent = one_client ? methods.sent : others.sent;
    const std::string large(size, '1');
    methods.conversation.answer(methods.calls[0].first, AnswerKind::Result, large);
    second.answer(calls[calls.size() - 2].first, AnswerKind::Result, large);
    second.answer(calls.back().first, AnswerKind::Result, "1");
    EXPECT_EQ(sent.size(), 1u);
    const marmoset::Json answers(json_loads(sent[0].c_str(), 0, nullptr));
    const json_t* const error = json_object_get(json_array_get(answers.get(), 0), "error");
    return static_cast<int>(json_integer_value(json_object_get(error, "code")));
}

TEST(Batches, HoldSoManyAnswersOfAClientAndOfAll) {
    EXPECT_EQ(second_answer({.answer = 10000}, 4000, true), 0);
    EXPECT_EQ(second_answer({.answer = 10000}, 6000, true), kBusy);
    EXPECT_EQ(second_answer({.answer = 10000}, 6000, false), 0);
    EXPECT_EQ(second_answer({.answer = 10000, .held = 10000}, 6000, false), kBusy);
}

TEST(Batches, HaveALargestSize) {
    Methods methods({.batch = 2, .answer = 1 << 20});
    const std::string one = R"({"jsonrpc":"2.0","id":1,"method":"update"})";
    methods.conversation.receive("[" + one + "," + one + "]");
    EXPECT_EQ(methods.calls.size(), 2u);
    methods.conversation.receive("[" + one + "," + one + "," + one + "]");
    EXPECT_EQ(methods.calls.size(), 2u);
    expect_json(methods.sent.back(), kInvalid);
}

TEST(Answers, HaveALargestSizeTogether) {
    Methods methods({.batch = 10, .answer = 1024});
    methods.deferred = true;
    const std::string one = R"({"jsonrpc":"2.0","id":1,"method":"update"})";
    methods.conversation.receive("[" + one + "," + one + "," + one + "]");
    const std::string result = '"' + std::string(600, 'x') + '"';
    for (const auto& [number, _] : methods.calls)
        methods.conversation.answer(number, AnswerKind::Result, result);
    ASSERT_EQ(methods.sent.size(), 1u);
    EXPECT_LT(methods.sent[0].size(), 1400u);
    const marmoset::Json answers(json_loads(methods.sent[0].c_str(), 0, nullptr));
    ASSERT_EQ(json_array_size(answers.get()), 3u);
    EXPECT_TRUE(json_object_get(json_array_get(answers.get(), 0), "result"));
    for (size_t i : {1u, 2u}) {
        const json_t* error = json_object_get(json_array_get(answers.get(), i), "error");
        EXPECT_EQ(json_integer_value(json_object_get(error, "code")), kInternalError);
    }
}

TEST(Numbers, AreSharedByConversations) {
    Methods one, other;
    Conversation shared({}, one.common, other);
    other.deferred = true;
    one.conversation.receive(R"({"jsonrpc":"2.0","id":1,"method":"update"})");
    shared.receive(R"({"jsonrpc":"2.0","id":1,"method":"update"})");
    EXPECT_NE(one.calls[0].first, other.calls[0].first);
}

}  // namespace
}  // namespace jsonrpc
