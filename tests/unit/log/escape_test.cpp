// Escaping: nothing of a peer's forges a line or drives a terminal.

#include "log/escape.h"

#include <gtest/gtest.h>

namespace marmoset::log {
namespace {

std::string escaped(std::string_view text, std::string_view also = {}) {
    std::string out = ">";
    append_escaped(out, text, also);
    return out.substr(1);
}

std::string json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(LogEscape, KeepsPrintableText) {
    EXPECT_EQ("", escaped(""));
    EXPECT_EQ("a \"b\" \\c ~", escaped("a \"b\" \\c ~"));
    EXPECT_EQ("é € \xF0\x9F\x90\x92 \xC2\xA0", escaped("é € \xF0\x9F\x90\x92 \xC2\xA0"));
}

TEST(LogEscape, EscapesControls) {
    EXPECT_EQ("a\\x0D\\x0Ab\\x1B[31m\\x7F\\x00", escaped(std::string_view("a\r\nb\x1B[31m\x7F\0", 11)));
    EXPECT_EQ("\\xC2\\x9B1m", escaped("\xC2\x9B"
                                      "1m"));  // a C1 control: CSI
}

TEST(LogEscape, EscapesWhatIsNotUtf8) {
    EXPECT_EQ("\\xFF\\xFE", escaped("\xFF\xFE"));
    EXPECT_EQ("a\\x80z", escaped("a\x80z"));
    EXPECT_EQ("\\xC3", escaped("\xC3"));
    EXPECT_EQ("\\xC3(", escaped("\xC3("));
    EXPECT_EQ("\\xE2\\x82", escaped("\xE2\x82"));
    EXPECT_EQ("\\xC0\\xAF", escaped("\xC0\xAF"));           // overlong
    EXPECT_EQ("\\xE0\\x80\\xAF", escaped("\xE0\x80\xAF"));  // overlong
    EXPECT_EQ("\\xED\\xA0\\x80", escaped("\xED\xA0\x80"));  // surrogate
    EXPECT_EQ("\\xF0\\x80\\x80\\xAF", escaped("\xF0\x80\x80\xAF"));
    EXPECT_EQ("\\xF4\\x90\\x80\\x80", escaped("\xF4\x90\x80\x80"));  // beyond U+10FFFF
    EXPECT_EQ("\\xF5\\x80\\x80\\x80", escaped("\xF5\x80\x80\x80"));
}

TEST(LogEscape, EscapesWhatTheCallerNames) {
    EXPECT_EQ("a\\\"b\\\\c\\x20d", escaped("a\"b\\c d", " \"\\"));
}

TEST(LogEscape, WritesJsonStrings) {
    EXPECT_EQ("\"\"", json(""));
    EXPECT_EQ("\"a\\\"b\\\\c/é\"", json("a\"b\\c/é"));
    EXPECT_EQ("\"\\u000A\\u0000\\u00FF\\u007F\"", json(std::string_view("\n\0\xFF\x7F", 4)));
}

}  // namespace
}  // namespace marmoset::log
