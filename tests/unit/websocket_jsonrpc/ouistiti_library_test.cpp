// Tables of libraries made for ouistiti, in memory as their compilers lay them out.
#include "utils/websocket_jsonrpc/ouistiti_library.h"

#include <gtest/gtest.h>

extern "C" {
json_t* jsonrpc_error_object(int code, const char* message, json_t* data);
json_t* jsonrpc_error_object_predefined(int code, json_t* data);
}

namespace jsonrpc::ouistiti {
namespace {

int method(json_t*, json_t**, void*) {
    return 0;
}

struct Plain {
    const char* name;
    Function function;
    const char* params;
};
struct Typed {
    char type;
    const char* name;
    Function function;
    const char* params;
    unsigned long id;
    Typed* next;
};

const Plain kPlain[] = {{"auth", method, "o"}, {"list", method, nullptr}, {nullptr, nullptr, nullptr}};
const Typed kTyped[] = {{'r', "play", method, "o", 0, nullptr},   {'a', "play", method, "o", 0, nullptr},
                        {'n', "changed", method, "", 0, nullptr}, {'r', "none", nullptr, "", 0, nullptr},
                        {'n', "play", method, "s", 0, nullptr},   {0, nullptr, nullptr, nullptr, 0, nullptr}};

TEST(Tables, OfBothLayoutsAreRead) {
    const auto plain = read_table(kPlain);
    ASSERT_EQ(plain.size(), 2u);
    EXPECT_STREQ(plain[0].name, "auth");
    EXPECT_STREQ(plain[0].params, "o");
    EXPECT_EQ(plain[0].type, 0);
    EXPECT_EQ(plain[1].params, nullptr);
    const auto typed = read_table(kTyped);
    ASSERT_EQ(typed.size(), 3u);
    EXPECT_STREQ(typed[0].name, "play");
    EXPECT_EQ(typed[0].type, 'r');
    EXPECT_STREQ(typed[1].name, "changed");
    EXPECT_EQ(typed[2].function, &method);
}

TEST(Tables, MayBeEmpty) {
    // As in libraries: of static storage, so that the padding is zero, too.
    static const Plain plain[] = {{nullptr, nullptr, nullptr}};
    static const Typed typed[] = {{0, nullptr, nullptr, nullptr, 0, nullptr}};
    EXPECT_TRUE(read_table(plain).empty());
    EXPECT_TRUE(read_table(typed).empty());
}

TEST(Tables, KnowRequestsFromNotifications) {
    const auto typed = read_table(kTyped);
    EXPECT_STREQ(find_method(typed, "play", false)->params, "o");
    EXPECT_STREQ(find_method(typed, "play", true)->params, "s");
    EXPECT_EQ(find_method(typed, "changed", false), nullptr);
    EXPECT_NE(find_method(typed, "changed", true), nullptr);
    const auto plain = read_table(kPlain);
    EXPECT_NE(find_method(plain, "auth", false), nullptr);
    EXPECT_NE(find_method(plain, "auth", true), nullptr);
    EXPECT_EQ(find_method(plain, "aut", false), nullptr);
}

TEST(Errors, WithAMessageAloneGetACode) {
    const auto completed = [](const char* json) {
        json_t* const error = json_loads(json, JSON_DECODE_ANY, nullptr);
        complete_error(error);
        char* const text = json_dumps(error, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        const std::string copy = text;
        free(text);
        json_decref(error);
        return copy;
    };
    EXPECT_EQ(completed(R"({"message":"user added"})"), R"({"code":0,"message":"user added"})");
    for (const char* json : {R"({"code":19,"message":"no"})", R"({"code":"x","message":"no"})",
                             R"({"data":1})", R"("no")", "[]"})
        EXPECT_EQ(completed(json), json);
    complete_error(nullptr);
}

TEST(Symbols, MakeErrorObjects) {
    json_t* error = jsonrpc_error_object(5, "five", json_integer(55));
    EXPECT_EQ(json_integer_value(json_object_get(error, "code")), 5);
    EXPECT_STREQ(json_string_value(json_object_get(error, "message")), "five");
    EXPECT_EQ(json_integer_value(json_object_get(error, "data")), 55);
    json_decref(error);
    error = jsonrpc_error_object(0, nullptr, nullptr);
    EXPECT_STREQ(json_string_value(json_object_get(error, "message")), "");
    EXPECT_EQ(json_object_get(error, "data"), nullptr);
    json_decref(error);
    error = jsonrpc_error_object_predefined(-32601, json_string("x"));
    EXPECT_STREQ(json_string_value(json_object_get(error, "message")), "Method not found");
    EXPECT_STREQ(json_string_value(json_object_get(error, "data")), "x");
    json_decref(error);
}

}  // namespace
}  // namespace jsonrpc::ouistiti
