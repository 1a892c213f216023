// What a room keeps of what was said, and what all rooms together keep.
#include <gtest/gtest.h>

#include "utils/websocket_chat/history.h"
#include "utils/websocket_chat/room.h"

namespace chat {
namespace {

Message said(const std::string& text, uint64_t position = 0) {
    Message message;
    message.text = text;
    message.position = position;
    return message;
}

std::string texts(const History& history) {
    std::string all;
    for (const Message& message : history.messages())
        all += message.text.substr(0, 1);
    return all;
}

TEST(History, KeepsTheLastMessages) {
    const HistoryLimits limits{.messages = 3, .bytes = 1 << 20};
    History history(limits);
    EXPECT_TRUE(history.empty());
    EXPECT_EQ(history.oldest_position(), 0u);
    uint64_t position = 10;
    for (const char* text : {"a", "b", "c", "d", "e"})
        history.push(said(text, ++position));
    EXPECT_EQ(texts(history), "cde");
    EXPECT_EQ(history.oldest_position(), 13u);
}

TEST(History, KeepsSoManyBytes) {
    const size_t each = said(std::string(1000, 'x')).size();
    const HistoryLimits limits{.messages = 100, .bytes = 3 * each};
    History history(limits);
    for (const char letter : std::string("abcde"))
        history.push(said(std::string(1000, letter)));
    EXPECT_EQ(texts(history), "cde");
    EXPECT_EQ(history.bytes(), 3 * each);
    history.push(said(std::string(100000, 'f')));
    EXPECT_EQ(texts(history), "f");  // the newest stays
    history.push(said("g"));
    EXPECT_EQ(texts(history), "g");
    EXPECT_EQ(history.bytes(), said("g").size());
}

TEST(History, OfNoneIsEmpty) {
    const HistoryLimits limits{.messages = 0, .bytes = 1 << 20};
    History history(limits);
    history.push(said("a"));
    EXPECT_TRUE(history.empty());
    EXPECT_FALSE(history.drop_oldest());
}

class AllRooms : public testing::Test {
  protected:
    Rooms rooms(size_t count, size_t bytes) {
        return Rooms(limits_, {.rooms = count, .history_bytes = bytes},
                     [this](const Room& room, uint64_t below) {
                         forgotten_ += room.name + " below " + std::to_string(below) + "; ";
                     });
    }
    const HistoryLimits limits_{.messages = 100, .bytes = 1 << 20};
    std::string forgotten_;
};

TEST_F(AllRooms, AreSoMany) {
    Rooms all = rooms(3, 1 << 20);
    Room* one = all.open("one");
    ++one->plain;
    all.keep(*all.open("two"), said("a", 7));
    all.keep(*all.open("three"), said("b", 8));
    EXPECT_EQ(all.open("two"), all.find("two"));
    EXPECT_NE(all.open("four"), nullptr);  // in place of the one that was used longest ago and is deserted
    EXPECT_EQ(forgotten_, "two below 8; ");
    EXPECT_EQ(all.find("two"), nullptr);
    ++all.find("three")->lines;
    ++all.find("four")->pending;
    EXPECT_EQ(all.open("five"), nullptr);
    EXPECT_EQ(all.find("one"), one);
}

TEST_F(AllRooms, WithoutMembersAndHistoryAreGivenUp) {
    Rooms all = rooms(3, 1 << 20);
    Room* room = all.open("one");
    ++room->plain;
    all.leave(*room);
    EXPECT_NE(all.find("one"), nullptr);
    --room->plain;
    all.leave(*room);
    EXPECT_EQ(all.find("one"), nullptr);
    all.keep(*all.open("two"), said("a"));
    all.leave(*all.find("two"));
    EXPECT_NE(all.find("two"), nullptr);
    EXPECT_EQ(forgotten_, "");
}

TEST_F(AllRooms, TogetherKeepSoManyBytes) {
    const size_t each = said(std::string(1000, 'x')).size();
    Rooms all = rooms(10, 4 * each);
    Room& one = *all.open("one");
    Room& two = *all.open("two");
    uint64_t position = 0;
    for (const char letter : std::string("abc"))
        all.keep(one, said(std::string(1000, letter), ++position));
    for (const char letter : std::string("xyz"))
        all.keep(two, said(std::string(1000, letter), ++position));
    EXPECT_EQ(texts(one.history), "c");
    EXPECT_EQ(texts(two.history), "xyz");
    EXPECT_EQ(forgotten_, "one below 2; one below 3; ");
    forgotten_.clear();
    all.keep(two, said(std::string(10000, 'l'), ++position));
    EXPECT_EQ(texts(one.history), "");
    EXPECT_EQ(texts(two.history), "l");  // the newest stays
    EXPECT_EQ(forgotten_, "one below 4; two below 5; two below 6; two below 7; ");
    forgotten_.clear();
    all.keep(one, said(std::string(1000, 's'), ++position));
    EXPECT_EQ(texts(one.history), "s");
    EXPECT_EQ(texts(two.history), "");
    EXPECT_EQ(forgotten_, "two below 8; ");
}

TEST_F(AllRooms, TellWhatTheyForget) {
    const HistoryLimits limits{.messages = 2, .bytes = 1 << 20};
    std::vector<uint64_t> forgotten;
    Rooms all(limits, {.rooms = 1, .history_bytes = 1 << 20},
              [&](const Room&, uint64_t below) { forgotten.push_back(below); });
    Room& room = *all.open("one");
    for (uint64_t position = 1; position <= 4; ++position)
        all.keep(room, said("x", position));
    EXPECT_EQ(forgotten, (std::vector<uint64_t>{2, 3}));
}

}  // namespace
}  // namespace chat
