// The small text tools: each at its edges.
#include "base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace marmoset {
namespace {

std::vector<std::string> elements(std::string_view list) {
    std::vector<std::string> found;
    while (auto element = next_list_element(list))
        found.emplace_back(*element);
    return found;
}

using List = std::vector<std::string>;

TEST(Text, LowersAsciiLettersOnly) {
    for (int c = -128; c < 128; ++c) {
        const char expected = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        EXPECT_EQ(to_lower(static_cast<char>(c)), expected) << c;
    }
}

TEST(Text, ComparesWithoutCase) {
    EXPECT_TRUE(equal_caseless("", ""));
    EXPECT_TRUE(equal_caseless("Keep-Alive", "kEEP-aLIVE"));
    EXPECT_FALSE(equal_caseless("close", "closed"));
    EXPECT_FALSE(equal_caseless("closed", "close"));
    EXPECT_FALSE(equal_caseless("[", "{"));
    EXPECT_FALSE(equal_caseless("\xc3\x84", "\xc3\xa4"));  // beyond ASCII there is no case
}

TEST(Text, TrimsSpacesAndTabs) {
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(trim(" \t "), "");
    EXPECT_EQ(trim("\t a b \t"), "a b");
    EXPECT_EQ(trim("a"), "a");
    EXPECT_EQ(trim("\na\r"), "\na\r");
}

TEST(Text, KnowsTokens) {  // RFC 9110 5.6.2
    const std::string_view others = "!#$%&'*+-.^_`|~";
    for (int c = -128; c < 128; ++c) {
        const char byte = static_cast<char>(c);
        const bool expected = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                              (c > 0 && others.find(byte) != std::string_view::npos);
        EXPECT_EQ(is_token_character(byte), expected) << c;
    }
    EXPECT_TRUE(is_token("Sec-WebSocket-Key"));
    EXPECT_FALSE(is_token(""));
    EXPECT_FALSE(is_token("a b"));
    EXPECT_FALSE(is_token("a,"));
    EXPECT_FALSE(is_token(std::string_view("a\0", 2)));
}

TEST(Text, WalksLists) {
    EXPECT_EQ(elements(""), List{});
    EXPECT_EQ(elements(" , ,\t,"), List{});
    EXPECT_EQ(elements("a"), List{"a"});
    EXPECT_EQ(elements("a,b"), (List{"a", "b"}));
    EXPECT_EQ(elements(" a b ,\tc,,d, "), (List{"a b", "c", "d"}));
}

TEST(Text, KeepsQuotedStringsWhole) {
    EXPECT_EQ(elements(R"(a="x, y", b)"), (List{R"(a="x, y")", "b"}));
    EXPECT_EQ(elements(R"("a\", b", c)"), (List{R"("a\", b")", "c"}));
    EXPECT_EQ(elements(R"(a\,b)"), (List{R"(a\)", "b"}));  // no escape outside of quotes
    EXPECT_EQ(elements(R"("open, b)"), List{R"("open, b)"});
    EXPECT_EQ(elements(R"("open\)"), List{R"("open\)"});
}

TEST(Text, FindsTokensInLists) {
    EXPECT_TRUE(list_contains("keep-alive, Upgrade", "upgrade"));
    EXPECT_TRUE(list_contains("upgrade", "UPGRADE"));
    EXPECT_FALSE(list_contains("upgraded", "upgrade"));
    EXPECT_FALSE(list_contains("no upgrade", "upgrade"));
    EXPECT_FALSE(list_contains("", "upgrade"));
    EXPECT_FALSE(list_contains(",", ""));
}

TEST(Text, ReadsDecimals) {
    EXPECT_EQ(parse_decimal("0"), 0u);
    EXPECT_EQ(parse_decimal("007"), 7u);
    EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
    for (std::string_view text : {"", "-1", "+1", " 1", "1 ", "1x", "0x10", "18446744073709551616",
                                  "99999999999999999999", "184467440737095516150", "1.0"}) {
        EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
    }
}

TEST(Text, HexValueCoversTheDigitsOnly) {
    unsigned found = 0;
    for (int c = -128; c < 128; ++c) {
        const int value = hex_value(static_cast<char>(c));
        if (value < 0) continue;
        ++found;
        EXPECT_EQ(std::string_view("0123456789abcdef")[static_cast<size_t>(value)],
                  c >= 'A' && c <= 'F' ? c + 32 : c);
    }
    EXPECT_EQ(found, 22u);
}

TEST(Text, ComparesSecrets) {
    EXPECT_TRUE(equal_constant_time("", ""));
    EXPECT_TRUE(equal_constant_time("secret", "secret"));
    EXPECT_FALSE(equal_constant_time("secret", "secreT"));
    EXPECT_FALSE(equal_constant_time("secret", "Secret"));
    EXPECT_FALSE(equal_constant_time("secret", "secre"));
    EXPECT_FALSE(equal_constant_time("secret", ""));
    EXPECT_FALSE(equal_constant_time("ab", "ba"));
}

TEST(Text, MeasuresEdits) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("port", "port"), 0u);
    EXPECT_EQ(edit_distance("prot", "port"), 2u);
    EXPECT_EQ(edit_distance("pot", "port"), 1u);
    EXPECT_EQ(edit_distance("", "port"), 4u);
    EXPECT_EQ(edit_distance("port", ""), 4u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("sitting", "kitten"), 3u);
}

}  // namespace
}  // namespace marmoset
