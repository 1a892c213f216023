// The scanner accepts what jansson accepts and reads the same strings: checked on a table, and on thousands
// of texts made by changing good ones.
#include "base/json_scanner.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "base/json.h"

namespace marmoset {
namespace {

bool accepted(std::string_view text) {
    JsonScanner scanner(text);
    const char first = scanner.peek();
    return (first == '{' || first == '[') && scanner.skip() && scanner.at_end();
}

// jansson stores numbers and stops at one that fits no integer or double of the machine; the scanner passes
// over it. Nothing is known of such a text.
std::optional<bool> accepted_by_jansson(std::string_view text) {
    const auto parsed = Json::parse(as_bytes(text), JsonScanner::kMaxDepth);
    if (parsed) return true;
    const std::string& error = parsed.error().text;
    if (error.find("real number overflow") != std::string::npos || error.find("too big") != std::string::npos)
        return {};
    return false;
}

class ScannerTable : public testing::TestWithParam<const char*> {};

TEST_P(ScannerTable, JudgesAsJanssonDoes) {
    EXPECT_EQ(accepted(GetParam()), accepted_by_jansson(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ScannerTable,
    testing::Values("", " ", "{}", "[]", " [ ] ", "{} x", "{", "[", "}", "[}", "{]", "[1,]", "[,1]", "[1 2]",
                    "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" : 1 , \"b\":[true,false,null]}",
                    "{a:1}", "{'a':1}", "[0]", "[-0]", "[00]", "[01]", "[-]", "[1.]", "[.5]", "[1.5]",
                    "[1e5]", "[1e]", "[1E+5]", "[1e-5]", "[+1]", "[0x1]", "[tru]", "[truex]", "[nul]",
                    "[\"\"]", "[\"a]", "[\"\\\"\"]", "[\"\\\\\"]", "[\"\\/\\b\\f\\n\\r\\t\"]", "[\"\\x\"]",
                    "[\"\\\"]", "[\"\\u0041\"]", "[\"\\u004\"]", "[\"\\u00zz\"]", "[\"\\u0000\"]",
                    "[\"\\ud83d\\ude00\"]", "[\"\\ud83d\"]", "[\"\\ude00\"]", "[\"\\ud83dx\"]",
                    "[\"\\ud83d\\u0041\"]", "[\"\xc3\xa9\"]", "[\"\xc3\"]", "[\"\xff\"]",
                    "[\"\xed\xa0\x80\"]", "[\"\n\"]", "[\"\x7f\"]", "\xef\xbb\xbf[]",
                    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
                    "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}", "[[],{}]", "[[]{}]", "[\"a\"\"b\"]", "[1]]",
                    "true", "\"a\"", "1"));

TEST(Scanner, ReadsStringsAsJanssonDoes) {
    for (const char* text : {"[\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"]", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
                             "[\"a\\u0000b\"]", "[\"plain \xf0\x9f\x98\x80\"]", "[\"\"]"}) {
        JsonScanner scanner(text);
        std::string read = "before";
        ASSERT_TRUE(scanner.begin_array() && scanner.next_element() && scanner.string(read)) << text;
        auto parsed = Json::parse(as_bytes(text));
        ASSERT_TRUE(parsed);
        EXPECT_EQ(read, json_text(json_array_get(parsed->get(), 0)));
    }
}

TEST(Scanner, JudgesChangedTextsAsJanssonDoes) {
    const std::string_view seeds[] = {
        R"({"id":"7f-12","uri":"/echo?x=1","protocols":["a","b"],"remote":{"address":"::1","port":65535},"tls":null,"direct":false})",
        R"([1,-2.5e3,"\u00e9\ud83d\ude00",{"":[]},true,[[["x"]]]])",
    };
    constexpr std::string_view kPieces = "{}[],:\"\\ue0d819.-+tfn \x80\xc3\xff";
    std::mt19937 random(7);
    unsigned good = 0;
    for (int round = 0; round < 60000; ++round) {
        std::string text(seeds[random() % 2]);
        for (unsigned changes = 1 + random() % 3; changes > 0; --changes) {
            const size_t at = random() % text.size();
            const char piece = kPieces[random() % kPieces.size()];
            switch (random() % 3) {
                case 0:
                    text[at] = piece;
                    break;
                case 1:
                    text.insert(at, 1, piece);
                    break;
                default:
                    text.erase(at, 1);
                    break;
            }
        }
        const bool ours = accepted(text);
        const std::optional<bool> theirs = accepted_by_jansson(text);
        if (!theirs) continue;
        ASSERT_EQ(ours, *theirs) << text;
        good += ours ? 1 : 0;
    }
    EXPECT_GT(good, 1000u);  // both verdicts were put to the test
}

TEST(Scanner, KeepsNumbersInTheirRange) {
    const auto read = [](std::string_view text, uint64_t largest) {
        JsonScanner scanner(text);
        uint64_t value = 99;
        return scanner.number(value, largest) ? static_cast<int64_t>(value) : -1;
    };
    EXPECT_EQ(read("0", 0), 0);
    EXPECT_EQ(read("-0", 0), 0);
    EXPECT_EQ(read("65535", 65535), 65535);
    EXPECT_EQ(read("65536", 65535), -1);
    EXPECT_EQ(read("-1", 65535), -1);
    EXPECT_EQ(read("1.0", 65535), -1);
    EXPECT_EQ(read("1e2", 65535), -1);
    EXPECT_EQ(read("99999999999999999999", UINT64_MAX), -1);
}

}  // namespace
}  // namespace marmoset
