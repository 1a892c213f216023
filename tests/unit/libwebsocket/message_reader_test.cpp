// What a program that knows no frames is given of them: whole messages, piece by piece as it asks, and the
// frames that answer pings and closes.
#include "libwebsocket/interpose/message_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "browser.h"

namespace marmoset::interpose {
namespace {

using libwebsocket::client_close;
using libwebsocket::client_frame;
using libwebsocket::client_text;
using websocket::Opcode;

constexpr uint64_t kMost = 1000;

void feed(MessageReader& reader, std::string bytes, size_t piece = SIZE_MAX) {
    for (size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
        const size_t size = std::min(piece, bytes.size() - at);
        reader.feed({reinterpret_cast<uint8_t*>(bytes.data()) + at, size});
        if (size == bytes.size() - at) break;
    }
}

std::string take(MessageReader& reader, size_t room = SIZE_MAX, bool peek = false) {
    std::string into(std::min(room, reader.available_in_all() + 10), '?');
    into.resize(reader.take({reinterpret_cast<uint8_t*>(into.data()), into.size()}, peek));
    return into;
}

/// A frame of the server, as it is to be sent.
std::string server_frame(Opcode opcode, std::string_view payload) {
    uint8_t header[websocket::kMaxFrameHeader];
    const size_t size = websocket::encode_frame_header(header, opcode, true, payload.size());
    return std::string(reinterpret_cast<char*>(header), size).append(payload);
}

std::string close_frame(uint16_t code, std::string_view reason = {}) {
    uint8_t payload[websocket::kMaxControlPayload];
    const size_t size = websocket::encode_close_payload(payload, code, reason);
    return server_frame(Opcode::Close, as_text({payload, size}));
}

std::string replies(MessageReader& reader) {
    std::string text(reader.replies().begin(), reader.replies().end());
    reader.replies().clear();
    return text;
}

TEST(MessageReader, GivesOneMessageATime) {
    MessageReader reader(kMost);
    feed(reader, client_text("first") + client_text("second"));
    EXPECT_EQ(reader.available(), 5u);
    EXPECT_EQ(reader.available_in_all(), 11u);
    EXPECT_EQ(take(reader), "first");
    EXPECT_EQ(take(reader), "second");
    EXPECT_EQ(take(reader), "");
    EXPECT_EQ(reader.available(), 0u);
    EXPECT_FALSE(reader.ended());
}

TEST(MessageReader, GivesALargeMessageInPartsAndNeverTwoAtOnce) {
    MessageReader reader(kMost);
    feed(reader, client_text("0123456789") + client_text("next"));
    EXPECT_EQ(take(reader, 4), "0123");
    EXPECT_EQ(take(reader, 4, true), "4567");
    EXPECT_EQ(take(reader, 4), "4567");
    EXPECT_EQ(reader.available(), 2u);
    EXPECT_EQ(take(reader, 4), "89");
    EXPECT_EQ(take(reader, 4), "next");
    EXPECT_EQ(take(reader, 0), "");
}

TEST(MessageReader, GivesNothingOfWhatIsNotWhole) {
    MessageReader reader(kMost);
    feed(reader, client_frame(Opcode::Binary, "one", false));
    feed(reader, client_frame(Opcode::Continuation, " two", true).substr(0, 8));
    EXPECT_EQ(reader.available(), 0u);
    feed(reader, client_frame(Opcode::Continuation, " two", true).substr(8));
    EXPECT_EQ(take(reader), "one two");
}

TEST(MessageReader, LeavesOutEmptyMessages) {
    MessageReader reader(kMost);
    feed(reader, client_text("") + client_text("a") + client_frame(Opcode::Binary, "") +
                     client_frame(Opcode::Binary, "", false) + client_frame(Opcode::Continuation, "") +
                     client_text("b"));
    EXPECT_EQ(take(reader), "a");
    EXPECT_EQ(take(reader), "b");
    EXPECT_EQ(reader.available(), 0u);
}

TEST(MessageReader, TakesFramesCutAnywhere) {
    const std::string frames = client_text("häß€🦫") + client_frame(Opcode::Ping, "ping") +
                               client_frame(Opcode::Binary, std::string(300, '\xff'), false) +
                               client_frame(Opcode::Ping, std::string(125, 'p')) +
                               client_frame(Opcode::Continuation, std::string(200, '\x80')) +
                               client_close(1001, "bye");
    for (size_t piece = 1; piece <= frames.size(); ++piece) {
        MessageReader reader(kMost);
        feed(reader, frames, piece);
        ASSERT_EQ(take(reader), "häß€🦫") << piece;
        ASSERT_EQ(take(reader), std::string(300, '\xff') + std::string(200, '\x80')) << piece;
        ASSERT_EQ(replies(reader), server_frame(Opcode::Pong, "ping") +
                                       server_frame(Opcode::Pong, std::string(125, 'p')) +
                                       close_frame(1001, "bye"))
            << piece;
        ASSERT_TRUE(reader.ended());
    }
}

TEST(MessageReader, GivesWhatWasWholeBeforeTheEnd) {
    MessageReader reader(kMost);
    feed(reader, client_text("whole") + client_frame(Opcode::Text, "half", false) + client_close(1000) +
                     client_text("late"));
    EXPECT_TRUE(reader.ended());
    EXPECT_EQ(take(reader), "whole");
    EXPECT_EQ(reader.available(), 0u);
    feed(reader, client_text("later"));
    EXPECT_EQ(reader.available(), 0u);
    EXPECT_EQ(replies(reader), close_frame(1000));
}

struct Bad {
    const char* name;
    std::string frames;
    uint16_t code;
};

class MessageReaderRefuses : public testing::TestWithParam<Bad> {};

TEST_P(MessageReaderRefuses, WithTheRightCode) {
    for (const size_t piece : {SIZE_MAX, size_t{1}}) {
        MessageReader reader(kMost);
        feed(reader, client_text("before") + GetParam().frames + client_text("behind"), piece);
        EXPECT_TRUE(reader.ended());
        EXPECT_EQ(take(reader), "before");
        EXPECT_EQ(reader.available(), 0u);
        EXPECT_EQ(replies(reader), close_frame(GetParam().code));
    }
}

std::string unmasked() {
    return server_frame(Opcode::Text, "x");
}

INSTANTIATE_TEST_SUITE_P(
    Table, MessageReaderRefuses,
    testing::Values(
        Bad{"Unmasked", unmasked(), 1002}, Bad{"Rsv1", client_frame(Opcode::Text, "x", true, 4), 1002},
        Bad{"UnknownOpcode", client_frame(static_cast<Opcode>(3), "x"), 1002},
        Bad{"ContinuationOfNothing", client_frame(Opcode::Continuation, "x"), 1002},
        Bad{"TextInsideText", client_frame(Opcode::Text, "a", false) + client_text("b"), 1002},
        Bad{"PingInFragments", client_frame(Opcode::Ping, "", false), 1002},
        Bad{"PingTooLong", client_frame(Opcode::Ping, std::string(126, 'p')), 1002},
        Bad{"LengthNotShortest", std::string("\x81\xfe\x00\x01\0\0\0\0x", 9), 1002},
        Bad{"CloseOfOneByte", client_frame(Opcode::Close, "x"), 1002},
        Bad{"CloseThatMayNotBeSent", client_close(1006), 1002},
        Bad{"CloseWithBadReason", client_frame(Opcode::Close, "\x03\xe8\xff"), 1007},
        Bad{"TextThatIsNotUtf8", client_text("\xff"), 1007},
        Bad{"TextThatBreaksOff", client_text("\xc3"), 1007},
        Bad{"TextBrokenOverFragments",
            client_frame(Opcode::Text, "\xe2\x82", false) + client_frame(Opcode::Continuation, "x"), 1007},
        Bad{"TooBig", client_text(std::string(kMost + 1, 'x')), 1009},
        Bad{"TooBigInFragments",
            client_frame(Opcode::Text, std::string(kMost, 'x'), false) +
                client_frame(Opcode::Continuation, "x"),
            1009}),
    [](const auto& info) { return info.param.name; });

TEST(MessageReader, TakesTextOverFragmentsWithinACharacter) {
    MessageReader reader(kMost);
    feed(reader, client_frame(Opcode::Text, "\xe2\x82", false) + client_frame(Opcode::Ping, "") +
                     client_frame(Opcode::Continuation, "\xac"));
    EXPECT_EQ(take(reader), "€");
}

TEST(MessageReader, GivesBackWhatItNeededForMuch) {
    MessageReader reader(10u << 20);
    std::string got;
    for (int i = 0; i < 50; ++i) {
        feed(reader, client_frame(Opcode::Binary, std::string(100000, static_cast<char>('a' + i % 26))));
        got = take(reader, 60000) + take(reader, 60000);
        ASSERT_EQ(got, std::string(100000, static_cast<char>('a' + i % 26)));
    }
    EXPECT_EQ(reader.available_in_all(), 0u);
}

}  // namespace
}  // namespace marmoset::interpose
