// Response fields as text: added, found, replaced, never split by what a caller passes.
#include "http/response.h"

#include <gtest/gtest.h>

namespace marmoset::http {
namespace {

TEST(ResponseFields, AreFoundReplacedAndRemovedWithoutCase) {
    Response response;
    response.add("Vary", "Accept");
    response.add("X", "1");
    response.add("vary", "Origin");
    response.add("Length", uint64_t{12});
    EXPECT_TRUE(response.has("VARY"));
    EXPECT_FALSE(response.has("Var"));
    EXPECT_EQ("Accept", response.get("vary"));
    EXPECT_EQ("12", response.get("length"));
    response.set("Vary", "*");
    EXPECT_EQ("X: 1\r\nLength: 12\r\nVary: *\r\n", response.fields());
    response.remove("x");
    EXPECT_EQ("Length: 12\r\nVary: *\r\n", response.fields());
    EXPECT_EQ("", response.get("X"));
}

TEST(ResponseFields, CannotBeSplit) {
    Response response;
    response.add("Location", std::string_view("/a\r\nSet-Cookie: x\0y", 19));
    EXPECT_EQ("Location: /a  Set-Cookie: x y\r\n", response.fields());
}

TEST(ResponseBody, IsCounted) {
    Response response;
    response.body_text("hello");
    response.body_text("");
    response.body_file(0, 10, 20, {});
    EXPECT_EQ(25u, response.content_length());
    response.set_content_length(7);
    EXPECT_EQ(7u, response.content_length());
    response.clear();
    EXPECT_EQ(0u, response.body_size());
    EXPECT_FALSE(response.has_content_length());
}

}  // namespace
}  // namespace marmoset::http
