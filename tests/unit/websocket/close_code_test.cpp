// Close codes by class, Close payloads in both directions.
#include "websocket/close_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace marmoset::websocket {
namespace {

ParsedClose parse(std::string_view payload) {
    return parse_close_payload(as_bytes(payload));
}

std::string payload_of(uint16_t code, std::string_view reason) {
    uint8_t out[125 + 8];
    std::fill(std::begin(out), std::end(out), uint8_t{0xee});
    const size_t size = encode_close_payload(out, code, reason);
    for (size_t i = std::max<size_t>(size, 125); i < sizeof out; ++i)
        EXPECT_EQ(out[i], 0xee) << i;
    return std::string(as_text({out, size}));
}

TEST(CloseCode, KnowsWhichMayBeSent) {  // RFC 6455 7.4.1, 7.4.2 and the IANA registry
    struct Range {
        unsigned first, last;
        bool sendable;
    };
    const Range ranges[] = {{0, 999, false},     {1000, 1003, true}, {1004, 1006, false}, {1007, 1014, true},
                            {1015, 2999, false}, {3000, 4999, true}, {5000, 65535, false}};
    unsigned covered = 0;
    for (const Range& range : ranges) {
        for (unsigned code = range.first; code <= range.last; ++code, ++covered) {
            ASSERT_EQ(is_sendable_close_code(static_cast<uint16_t>(code)), range.sendable) << code;
        }
    }
    EXPECT_EQ(covered, 65536u);
}

TEST(ClosePayload, EmptyMeansNoStatus) {
    const ParsedClose close = parse("");
    EXPECT_EQ(close.code, 1005);
    EXPECT_EQ(close.reason, "");
    EXPECT_EQ(close.error, 0);
}

TEST(ClosePayload, ReadsCodeAndReason) {
    ParsedClose close = parse("\x03\xe8");
    EXPECT_EQ(close.code, 1000);
    EXPECT_EQ(close.reason, "");
    EXPECT_EQ(close.error, 0);
    close = parse(
        "\x0f\xa1"
        "k\xc3\xb6nnte");
    EXPECT_EQ(close.code, 4001);
    EXPECT_EQ(close.reason, "k\xc3\xb6nnte");
    EXPECT_EQ(close.error, 0);
    EXPECT_EQ(parse("\x03\xe8" + std::string(123, 'r')).reason.size(), 123u);
}

TEST(ClosePayload, RefusesEveryCodeThatMayNotBeSent) {
    for (unsigned code = 0; code <= 65535; ++code) {
        const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
        const ParsedClose close = parse(payload);
        const bool sendable = is_sendable_close_code(static_cast<uint16_t>(code));
        ASSERT_EQ(close.error, sendable ? 0 : 1002) << code;
        ASSERT_EQ(close.code, sendable ? code : 1005) << code;
    }
}

TEST(ClosePayload, RefusesBadLengthsWith1002) {
    EXPECT_EQ(parse("\x03").error, 1002);
    EXPECT_EQ(parse("\x03\xe8" + std::string(124, 'r')).error, 1002);
}

TEST(ClosePayload, RefusesBadTextWith1007) {
    EXPECT_EQ(parse("\x03\xe8\xff").error, 1007);
    EXPECT_EQ(parse("\x03\xe8"
                    "cut \xe2\x82")
                  .error,
              1007);
    EXPECT_EQ(parse("\x03\xe8\xed\xa0\x80").error, 1007);
    EXPECT_EQ(parse("\x03\xed\xff").error, 1002);  // 1005 on the wire: the code is judged first
}

TEST(ClosePayload, WritesCodeAndReason) {
    EXPECT_EQ(payload_of(1000, ""), "\x03\xe8");
    EXPECT_EQ(payload_of(4999, "bye"),
              "\x13\x87"
              "bye");
    EXPECT_EQ(payload_of(1005, "never seen"), "");
    const std::string longest(123, 'r');
    EXPECT_EQ(payload_of(1001, longest), "\x03\xe9" + longest);
    EXPECT_EQ(payload_of(1001, longest + "s"), "\x03\xe9" + longest);
}

TEST(ClosePayload, CutsTheReasonBetweenCharacters) {
    for (const std::string_view character : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\xb5"}) {
        for (size_t shift = 0; shift < 8; ++shift) {
            std::string reason(shift, 'a');
            while (reason.size() < 200)
                reason += character;
            const std::string payload = payload_of(1011, reason);
            const size_t expected = shift + (123 - shift) / character.size() * character.size();
            EXPECT_EQ(payload.substr(2), reason.substr(0, expected));
            EXPECT_EQ(parse(payload).error, 0);
        }
    }
}

TEST(ClosePayload, ReadsWhatItWrites) {
    for (const uint16_t code : {1000, 1003, 1007, 1014, 3000, 4999}) {
        const std::string payload = payload_of(code,
                                               "r\xc3\xa9"
                                               "ason");
        const ParsedClose close = parse(payload);
        EXPECT_EQ(close.code, code);
        EXPECT_EQ(close.reason,
                  "r\xc3\xa9"
                  "ason");
        EXPECT_EQ(close.error, 0);
    }
}

}  // namespace
}  // namespace marmoset::websocket
