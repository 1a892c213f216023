// Formats of params: what fits, what is told about what does not.
#include "utils/websocket_jsonrpc/params_format.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace jsonrpc {
namespace {

std::string misfit_of(const char* format, const char* json) {
    const marmoset::Json value(json_loads(json, JSON_DECODE_ANY, nullptr));
    return misfit(format, value.get());
}

TEST(ParamsFormat, Letters) {
    const char* const values[] = {"\"s\"", "1", "1.5", "true", "null", "[]"};
    const std::pair<char, const char*> fitting[] = {{'s', "100000"}, {'i', "010000"}, {'F', "011000"},
                                                    {'b', "000100"}, {'n', "000010"}, {'o', "111111"}};
    for (const auto& [letter, fits] : fitting) {
        for (size_t i = 0; i < std::size(values); ++i) {
            const std::string format = std::string("[") + letter + "]",
                              value = std::string("[") + values[i] + "]";
            EXPECT_EQ(misfit_of(format.c_str(), value.c_str()).empty(), fits[i] == '1') << format << value;
        }
    }
}

TEST(ParamsFormat, TellsTheFirstThatDoesNotFit) {
    EXPECT_EQ(misfit_of("[s, i]", R"(["a", "b"])"), "params[1] is not an integer");
    EXPECT_EQ(misfit_of("[s, i]", R"(["a"])"), "params[1] is missing");
    EXPECT_EQ(misfit_of("[s, i]", R"({})"), "params is not an array");
    EXPECT_EQ(misfit_of("{name: s, order: [s]}", R"({"order": [1]})"), "params.name is missing");
    EXPECT_EQ(misfit_of("{name: s, order: [s]}", R"({"name": "x", "order": [1]})"),
              "params.order[0] is not a string");
    EXPECT_EQ(misfit_of("{name:s}", R"([])"), "params is not an object");
    EXPECT_EQ(misfit_of("o", "[]"), "");
    EXPECT_EQ(misfit("o", nullptr), "params is missing");
    EXPECT_EQ(misfit("[i]?", nullptr), "");
}

TEST(ParamsFormat, WhatIsOptionalMayBeMissingOrNullButNotAnother) {
    const char* const format = "{name: s, limit: i?, order: [s i?]?, more: {deep: F?}?}";
    for (const char* good : {R"({"name": ""})", R"({"name": "", "limit": null, "order": null, "more": {}})",
                             R"({"name": "", "order": ["x"], "other": 1})",
                             R"({"name": "", "order": ["x", 1, 2], "more": {"deep": 1.5}})"})
        EXPECT_EQ(misfit_of(format, good), "") << good;
    EXPECT_EQ(misfit_of(format, R"({"name": "", "limit": "1"})"), "params.limit is not an integer");
    EXPECT_EQ(misfit_of(format, R"({"name": "", "more": {"deep": []}})"), "params.more.deep is not a number");
}

TEST(ParamsFormat, EmptyMeansNone) {
    EXPECT_EQ(misfit("", nullptr), "");
    EXPECT_EQ(misfit_of("", "[]"), "");
    EXPECT_EQ(misfit_of("", "{}"), "");
    EXPECT_NE(misfit_of("", "[1]"), "");
    EXPECT_NE(misfit_of("", R"({"a": 1})"), "");
}

TEST(ParamsFormat, WhatIsNoneFitsAll) {
    for (const char* format :
         {"x", "[", "[s", "{", "{s:", "{:s}", "{a s}", "[s]]", "s s", "?", "{a:s}}", "]"}) {
        EXPECT_FALSE(is_format(format)) << format;
        EXPECT_EQ(misfit_of(format, "[1]"), "") << format;
    }
    EXPECT_FALSE(is_format(std::string(100, '[') + std::string(100, ']')));
    for (const char* format : {"", "o", "[]", "{}", "[si]", "[s,i]", "{a:s}", " [ s ] "})
        EXPECT_TRUE(is_format(format)) << format;
}

}  // namespace
}  // namespace jsonrpc
