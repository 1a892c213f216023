// UTF-8 validation against a decoder written from the definition: all code points, all short sequences, every
// cut.
#include "websocket/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace marmoset::websocket {
namespace {

std::string encode(uint32_t point) {
    const auto tail = [point](unsigned shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
    if (point < 0x80) return {static_cast<char>(point)};
    if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(0)};
    if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), tail(6), tail(0)};
    return {static_cast<char>(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
}

constexpr size_t kNone = std::string::npos;

/// RFC 3629 by decoding: true if `text` is the beginning of some sequence of characters. Tried with all ends
/// a cut sequence can have, it knows nothing of ranges per lead byte.
bool is_whole_by_definition(std::string_view text) {
    while (!text.empty()) {
        const auto lead = static_cast<uint8_t>(text[0]);
        const size_t size = lead < 0x80   ? 1
                            : lead < 0xc0 ? 0
                            : lead < 0xe0 ? 2
                            : lead < 0xf0 ? 3
                            : lead < 0xf8 ? 4
                                          : 0;
        if (size == 0 || size > text.size()) return false;
        uint32_t point = size == 1 ? lead : lead & (0x7fu >> size);
        for (size_t i = 1; i < size; ++i) {
            const auto byte = static_cast<uint8_t>(text[i]);
            if (byte >> 6 != 2) return false;
            point = point << 6 | (byte & 0x3f);
        }
        if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000) || encode(point).size() != size)
            return false;
        text.remove_prefix(size);
    }
    return true;
}

/// True if something can be added (up to three continuation bytes) to make `text` whole.
bool can_go_on_by_definition(const std::string& text, unsigned depth = 0) {
    if (is_whole_by_definition(text)) return true;
    if (depth == 3) return false;
    // 80, 90, a0, b0 stand for their sixteenths: every boundary of the table lies between them.
    for (const char byte : {'\x80', '\x90', '\xa0', '\xb0'}) {
        if (can_go_on_by_definition(text + byte, depth + 1)) return true;
    }
    return false;
}

/// Index of the first byte that, fed alone, is refused.
size_t first_refused(std::string_view text) {
    Utf8Validator validator;
    for (size_t i = 0; i < text.size(); ++i) {
        if (!validator.feed(as_bytes(text.substr(i, 1)))) return i;
    }
    return kNone;
}

bool valid(std::string_view text) {
    return is_valid_utf8(as_bytes(text));
}

/// `text` in two pieces for each cut, in three for each pair, bytewise: all agree with `expected`.
void expect_valid_in_pieces(std::string_view text, bool expected) {
    EXPECT_EQ(valid(text), expected);
    for (size_t first = 0; first <= text.size(); ++first) {
        for (size_t second = first; second <= text.size(); ++second) {
            Utf8Validator validator;
            const bool possible = validator.feed(as_bytes(text.substr(0, first))) &&
                                  validator.feed(as_bytes(text.substr(first, second - first))) &&
                                  validator.feed(as_bytes(text.substr(second)));
            ASSERT_EQ(possible && validator.complete(), expected) << first << "," << second << " of " << text;
        }
    }
}

TEST(Utf8, AcceptsEveryCodePointAlone) {
    for (uint32_t point = 0; point <= 0x10ffff; ++point) {
        const bool surrogate = point >= 0xd800 && point < 0xe000;
        ASSERT_EQ(valid(encode(point)), !surrogate) << std::hex << point;
    }
    EXPECT_FALSE(valid(encode(0x110000)));
    EXPECT_FALSE(valid(encode(0x13ffff)));
    EXPECT_FALSE(valid(encode(0x1fffff)));
}

TEST(Utf8, AcceptsEveryCodePointInsideLongText) {
    // Far from both ends of a piece, where whole blocks are checked at once.
    const std::string before = "\xe2\x82\xac\xe2\x82\xac some words ";
    const std::string behind =
        "\xf0\x9f\x90\xb5\xc3\xa4\xe6\x97\xa5\xc3\xa4\xe6\x97\xa5 and the rest of it, \xc3\xa4";
    for (uint32_t point = 0; point <= 0x10ffff; point += point < 0x11000 ? 1 : 7) {
        const bool surrogate = point >= 0xd800 && point < 0xe000;
        ASSERT_EQ(valid(before + encode(point) + behind), !surrogate) << std::hex << point;
    }
    for (const uint32_t point : {0x110000, 0x110001, 0x13ffff, 0x140000, 0x1fffff}) {
        EXPECT_FALSE(valid(before + encode(point) + behind));
    }
}

TEST(Utf8, JudgesEveryPairOfBytesAsTheDefinitionDoes) {
    for (unsigned a = 0; a < 256; ++a) {
        for (unsigned b = 0; b < 256; ++b) {
            const std::string text{static_cast<char>(a), static_cast<char>(b)};
            const bool whole = is_whole_by_definition(text);
            ASSERT_EQ(valid(text), whole) << a << " " << b;
            Utf8Validator validator;
            ASSERT_EQ(validator.feed(as_bytes(text)), can_go_on_by_definition(text)) << a << " " << b;
        }
    }
}

TEST(Utf8, JudgesEveryTripleOfBytesAsTheDefinitionDoes) {
    const std::string words = "0123456789abcdef0123456789abcdef";
    std::string text = "\xc3\xa4" + words;
    for (unsigned a = 0x80; a < 256; ++a) {
        for (unsigned b = 0; b < 256; ++b) {
            for (unsigned c = 0; c < 256; ++c) {
                const char triple[] = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
                const std::string_view alone(triple, 3);
                const bool whole = is_whole_by_definition(alone);
                ASSERT_EQ(valid(alone), whole) << a << " " << b << " " << c;
                // The same where whole sequences are judged: a few bytes follow.
                ASSERT_EQ(valid(std::string(alone) + "0123"), whole) << a << " " << b << " " << c;
                // The same where blocks are checked: behind a few characters, with text after it.
                text.replace(10, 3, alone);
                ASSERT_EQ(valid(text), whole) << a << " " << b << " " << c;
            }
        }
    }
}

TEST(Utf8, JudgesLongSequencesAsTheDefinitionDoes) {
    const char tails[] = {'\x00', '\x41', '\x7f', '\x80', '\x8f', '\x90',
                          '\xa0', '\xbf', '\xc0', '\xe0', '\xf0', '\xff'};
    std::string text = "\xc3\xa4 0123456789abcdef0123456789abcdef";
    for (unsigned a = 0xe0; a < 256; ++a) {
        for (unsigned b = 0; b < 256; ++b) {
            for (const char c : tails) {
                for (const char d : tails) {
                    const char four[] = {static_cast<char>(a), static_cast<char>(b), c, d};
                    const std::string_view alone(four, 4);
                    const bool whole = is_whole_by_definition(alone);
                    ASSERT_EQ(valid(alone), whole) << a << " " << b;
                    text.replace(12, 4, alone);
                    ASSERT_EQ(valid(text), whole) << a << " " << b;
                }
            }
        }
    }
}

TEST(Utf8, RefusesTheVeryByteThatIsImpossible) {
    struct Row {
        std::string text;
        size_t at;
    };
    const Row rows[] = {
        {"ab\x80", 2},
        {"ab\xbf", 2},
        {"\xc0\x80", 0},  // overlong from its first byte on
        {"\xc1\xbf", 0},
        {"\xc2\x7f", 1},
        {"\xc2\xc2", 1},
        {"\xe0\x80\x80", 1},  // overlong
        {"\xe0\x9f\xbf", 1},
        {"\xe1\x80\x7f", 2},
        {"\xed\xa0\x80", 1},  // surrogates
        {"\xed\xbf\xbf", 1},
        {"\xef\xbf\xc0", 2},
        {"\xf0\x80\x80\x80", 1},  // overlong
        {"\xf0\x8f\xbf\xbf", 1},
        {"\xf1\x80\x80\x41", 3},
        {"\xf4\x90\x80\x80", 1},  // U+110000
        {"\xf5\x80\x80\x80", 0},
        {"\xf8\x88\x80\x80\x80", 0},
        {"\xfc\x84\x80\x80\x80\x80", 0},
        {"\xfe", 0},
        {"\xff", 0},
        {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80 edited", 12},
        {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80 edited", 12},
        {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", kNone},
        {"\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf", kNone},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(first_refused(row.text), row.at) << row.text;
        // The same verdict when a piece ends right behind that byte or right before it, wherever the text
        // starts.
        for (size_t shift = 0; shift < 70; ++shift) {
            std::string text(shift, 'x');
            if (shift > 40) text.replace(3, 3, "\xe2\x82\xac");
            text += row.text;
            Utf8Validator validator;
            if (row.at == kNone) {
                EXPECT_TRUE(validator.feed(as_bytes(text)));
                continue;
            }
            const size_t bad = shift + row.at;
            EXPECT_TRUE(validator.feed(as_bytes(std::string_view(text).substr(0, bad)))) << text;
            EXPECT_FALSE(validator.feed(as_bytes(std::string_view(text).substr(bad)))) << text;
            validator.reset();
            EXPECT_FALSE(validator.feed(as_bytes(std::string_view(text).substr(0, bad + 1)))) << text;
        }
    }
}

TEST(Utf8, TakesTextInAnyPieces) {
    expect_valid_in_pieces("", true);
    expect_valid_in_pieces("Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!", true);
    expect_valid_in_pieces(
        "\xf0\x9f\x90\xb5\xe2\x82\xac plain ASCII that goes on for a while, then \xf4\x8f\xbf\xbf", true);
    expect_valid_in_pieces(
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x96\x87\xe5\xad\x97\xe5\x88\x97\xe6\x97\xa5", true);
    expect_valid_in_pieces("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x96\x87\xe5\xad\x97\xe5\x88\x97\xe6\x97",
                           false);
    expect_valid_in_pieces("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64\x69\x74\x65\x64",
                           false);
    expect_valid_in_pieces(
        "0123456789abcdef0123456789abcdef\x80"
        "0123456789abcdef",
        false);
}

TEST(Utf8, IsCompleteOnlyBetweenCharacters) {
    const std::string text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb5";
    const bool expected[] = {true, true, false, true, false, false, true, false, false, false, true};
    for (size_t size = 0; size <= text.size(); ++size) {
        Utf8Validator validator;
        EXPECT_TRUE(validator.feed(as_bytes(std::string_view(text).substr(0, size))));
        EXPECT_EQ(validator.complete(), expected[size]) << size;
        EXPECT_EQ(is_valid_utf8(as_bytes(std::string_view(text).substr(0, size))), expected[size]) << size;
        validator.reset();
        EXPECT_TRUE(validator.complete());
        EXPECT_TRUE(validator.feed(as_bytes(text)));
    }
}

TEST(Utf8, FindsOneBadByteAnywhereInAscii) {
    for (size_t size = 1; size <= 140; ++size) {
        for (size_t at = 0; at < size; ++at) {
            std::string text(size, 'a');
            ASSERT_TRUE(valid(text));
            text[at] = '\x80';
            ASSERT_FALSE(valid(text)) << size << " " << at;
            text[at] = '\xc3';
            ASSERT_FALSE(valid(text)) << size << " " << at;
            Utf8Validator validator;
            ASSERT_EQ(validator.feed(as_bytes(text)), at + 1 == size) << size << " " << at;
        }
    }
}

TEST(Utf8, AgreesWithTheDefinitionOnDamagedText) {
    std::mt19937 random(20260101);
    const uint32_t limits[] = {0x80, 0x800, 0x10000, 0x110000};
    size_t whole = 0, broken = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        const size_t characters = random() % 60;
        const uint32_t limit = limits[random() % 4];
        for (size_t i = 0; i < characters; ++i) {
            uint32_t point = random() % 3 == 0 ? random() % 0x80 : random() % limit;
            if (point >= 0xd800 && point < 0xe000) point -= 0x1000;
            text += encode(point);
        }
        for (unsigned damage = random() % 3; damage > 0 && !text.empty(); --damage) {
            const size_t at = random() % text.size();
            if (random() % 2 == 0) {
                text[at] = static_cast<char>(random());
            } else {
                text.erase(at, 1);
            }
        }
        const bool expected = is_whole_by_definition(text);
        (expected ? whole : broken) += 1;
        ASSERT_EQ(valid(text), expected) << round;
        // In random pieces, the verdict may not come earlier than bytewise nor later than its piece.
        const size_t refused = first_refused(text);
        Utf8Validator validator;
        for (size_t at = 0; at < text.size();) {
            const size_t size = std::min<size_t>(1 + random() % 40, text.size() - at);
            const bool possible = validator.feed(as_bytes(std::string_view(text).substr(at, size)));
            at += size;
            ASSERT_EQ(possible, refused == kNone || at <= refused) << round;
            if (!possible) break;
        }
    }
    EXPECT_GT(whole, 5000u);
    EXPECT_GT(broken, 5000u);
}

TEST(Utf8, FindsTheLongestPrefixThatIsWhole) {
    const std::string text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb5z";
    const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    for (size_t size = 0; size <= text.size(); ++size) {
        EXPECT_EQ(complete_utf8_prefix(as_bytes(std::string_view(text).substr(0, size))), expected[size])
            << size;
    }
}

}  // namespace
}  // namespace marmoset::websocket
