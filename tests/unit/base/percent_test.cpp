// Percent-encoding and forms.
#include "base/percent.h"

#include <gtest/gtest.h>

namespace marmoset {
namespace {

TEST(Percent, EncodesAllButUnreservedCharacters) {
    EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encode("/a b?c=d&e"), "%2Fa%20b%3Fc%3Dd%26e");
    EXPECT_EQ(percent_encode("a;b\r\n\"\x80"), "a%3Bb%0D%0A%22%80");
    EXPECT_EQ(percent_encode("/a b/c?", "/"), "/a%20b/c%3F");
}

TEST(Percent, Decodes) {
    EXPECT_EQ(percent_decode("a%20b+c"), "a b+c");
    EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
    for (const char* text : {"%", "%4", "%4g", "%g4", "a%"})
        EXPECT_FALSE(percent_decode(text)) << text;
}

TEST(Percent, Forms) {
    std::string form;
    append_form_field(form, "a b", "c&d");
    append_form_field(form, "e", "");
    EXPECT_EQ(form, "a%20b=c%26d&e=");
    const auto fields = parse_form(form + "&&flag&x=1+2", 8);
    ASSERT_TRUE(fields);
    ASSERT_EQ(fields->size(), 4u);
    EXPECT_EQ((*fields)[0], (std::pair<std::string, std::string>("a b", "c&d")));
    EXPECT_EQ((*fields)[2], (std::pair<std::string, std::string>("flag", "")));
    EXPECT_EQ((*fields)[3].second, "1 2");
    EXPECT_TRUE(parse_form("a=1&b=2", 2));
    EXPECT_FALSE(parse_form("a=1&b=2", 1));
    EXPECT_FALSE(parse_form("a=%", 2));
}

}  // namespace
}  // namespace marmoset
