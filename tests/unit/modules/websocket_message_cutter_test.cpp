// What a STREAM server's reads mean, in each dialect: the pieces may be cut anywhere.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "modules/websocket/message_cutter.h"

namespace marmoset::websocket_module {
namespace {

using Framing = Dialect::Framing;
using Type = Dialect::Type;

/// "t:" or "b:" and the bytes of each message; "!" for one that is too long, "$" before what the end gave.
std::vector<std::string> cut(Dialect dialect, const std::vector<std::string>& pieces, uint64_t max = 1000) {
    MessageCutter cutter(dialect, max);
    MessageCutter::Message message;
    std::vector<std::string> found;
    const auto note = [&](const char* mark) {
        found.push_back(mark + std::string(message.binary ? "b:" : "t:") +
                        std::string(as_text(message.data)));
    };
    for (const std::string& piece : pieces) {
        cutter.feed(as_bytes(piece));
        MessageCutter::Status status;
        while ((status = cutter.next(message)) == MessageCutter::Status::Message)
            note("");
        if (status == MessageCutter::Status::TooLong) found.emplace_back("!");
    }
    if (cutter.end(message) == MessageCutter::Status::Message) note("$");
    return found;
}

using Found = std::vector<std::string>;

TEST(MessageCutter, BinaryIsWhatARead) {
    EXPECT_EQ(cut({Framing::Bytes, Type::Binary}, {"a", std::string("\0\xff", 2)}),
              (Found{"b:a", "b:" + std::string("\0\xff", 2)}));
}

TEST(MessageCutter, TextEndsAtANul) {
    EXPECT_EQ(cut({}, {std::string("one\0two\0\0th", 11), "ree"}),
              (Found{"t:one", "t:two", "t:th", "t:ree"}));
}

TEST(MessageCutter, AnUnfinishedCharacterWaits) {
    for (const Type type : {Type::Text, Type::Auto}) {
        EXPECT_EQ(cut({Framing::Bytes, type}, {"a\xe2", "\x82", "\xac", "b"}),
                  (Found{"t:a", "t:\xe2\x82\xac", "t:b"}));
    }
    // What never gets its rest is bad text, which who sends it on finds out; or bytes.
    EXPECT_EQ(cut({Framing::Bytes, Type::Text}, {"a\xe2"}), (Found{"t:a", "$t:\xe2"}));
    EXPECT_EQ(cut({Framing::Bytes, Type::Auto}, {"a\xe2"}), (Found{"t:a", "$b:\xe2"}));
}

TEST(MessageCutter, AutoTellsTextFromBytes) {
    EXPECT_EQ(cut({Framing::Bytes, Type::Auto}, {"ä", "\xff", "a"}), (Found{"t:ä", "b:\xff", "t:a"}));
}

TEST(MessageCutter, LinesAreText) {
    EXPECT_EQ(cut({Framing::Lines, Type::Binary}, {"on", "e\r\n\ntw", "o\nlast"}),
              (Found{"t:one", "t:", "t:two", "$t:last"}));
    EXPECT_EQ(cut({Framing::Lines, Type::Text}, {"12345\n123456\n1\n"}, 5), (Found{"t:12345", "!"}));
}

}  // namespace
}  // namespace marmoset::websocket_module
