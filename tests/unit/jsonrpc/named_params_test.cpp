// Params of JSON-RPC by name and by position.
#include "jsonrpc/named_params.h"

#include <gtest/gtest.h>

#include <memory>

namespace marmoset::jsonrpc {
namespace {

constexpr const char* kNames[] = {"user", "passwd", "home"};

std::string named(const char* text, OtherMembers others = OtherMembers::Refused) {
    const Json params(json_loads(text, JSON_DECODE_ANY, nullptr));
    EXPECT_TRUE(params) << text;
    const auto object = named_params(params.get(), kNames, others);
    if (!object) return "(" + object.error().text + ")";
    const std::unique_ptr<char, decltype(&free)> dump(json_dumps(object->get(), JSON_COMPACT), &free);
    return dump.get();
}

TEST(JsonParams, ByName) {
    EXPECT_EQ(R"({"user":"a","home":1})", named(R"({"user":"a","home":1,"passwd":null})"));
    EXPECT_EQ("{}", named("{}"));
    EXPECT_EQ("(there is no param «users»)", named(R"({"users":"a"})"));
    EXPECT_EQ("{}", named(R"({"users":"a"})", OtherMembers::LeftOut));
}

TEST(JsonParams, ByPosition) {
    EXPECT_EQ(R"({"user":"a","home":[1]})", named(R"(["a",null,[1]])"));
    EXPECT_EQ("{}", named("[]"));
    EXPECT_EQ("(at most 3 params)", named("[1,2,3,4]"));
    EXPECT_EQ(R"({"user":1,"passwd":2,"home":3})", named("[1,2,3,4]", OtherMembers::LeftOut));
}

TEST(JsonParams, None) {
    const auto object = named_params(nullptr, kNames, OtherMembers::Refused);
    ASSERT_TRUE(object);
    EXPECT_EQ(0u, json_object_size(object->get()));
    EXPECT_EQ("{}", named("null"));
    EXPECT_EQ("(params are an object or an array)", named("\"text\""));
}

}  // namespace
}  // namespace marmoset::jsonrpc
