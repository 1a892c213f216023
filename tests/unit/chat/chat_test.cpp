// What becomes of what clients send on its way to the store, which takes its time or fails.
#include <gtest/gtest.h>

#include "tests/unit/chat/machines.h"

namespace chat {
namespace {

// Takes what it is given, and answers when the test does.
class SlowKeeper final : public Keeper {
  public:
    void keep(std::string_view, const Message& message) override { kept.push_back(message); }
    std::vector<Message> kept;
};

class WithAStore : public TwoMachines {
  protected:
    void SetUp() override { one.delivery.set_keeper(&keeper_, 1); }
    SlowKeeper keeper_;
};

TEST_F(WithAStore, AClientThatIsGivenUpMayEndLater) {
    const auto plain = one.plain_client();
    one.write(*plain, "can't be kept");
    one.write(*plain, "nor can this");
    one.delivery.stored(2, false);
    EXPECT_TRUE(one.delivery.pass_on(1 << 20));
    EXPECT_EQ(plain->closed, 1011);
    EXPECT_EQ(plain->context, nullptr);
    // What the library had under way when it was closed.
    one.write(*plain, "too late");
    one.chat.on_close(*plain, 1009, {});
    EXPECT_EQ(keeper_.kept.size(), 2u);
    EXPECT_EQ(one.room().plain, 0u);
}

TEST_F(WithAStore, WhatIsKeptAtOnceIsPassedOnInPortions) {
    const MemberRef speaker = one.member("speaker");
    std::string expected;
    for (const char letter : std::string("abcdefgh")) {
        one.delivery.say(speaker, std::string(100000, letter), false, {});
        expected += std::string(100000, letter) + ' ';
    }
    one.delivery.stored(3, true);
    one.delivery.stored(5, true);
    for (size_t passed = 3; passed < 8; passed += 3) {
        EXPECT_FALSE(one.delivery.pass_on(256 << 10));
        EXPECT_EQ(one.room().history.messages().size(), passed);
    }
    EXPECT_TRUE(one.delivery.pass_on(256 << 10));
    EXPECT_EQ(one.heard(), expected);
    EXPECT_EQ(one.room().pending, 0u);
}

TEST_F(WithAStore, WhatOneSendsKeepsItsOrder) {
    connect();
    const auto alice = one.client("alice"), bob = one.client("bob"), carol = two.client("carol");
    deliver();
    one.write(*alice, "say 1\nto all");
    one.write(*alice, "private bob 2\nto bob");
    one.write(*alice, "private carol 3\nto carol");
    one.write(*alice, "hello alicia");
    deliver();
    const std::vector<std::string> before = {"welcome alicia - -", "names\nalicia - -\nbob - -\ncarol - -"};
    EXPECT_EQ(alice->told, before);
    EXPECT_TRUE(bob->told.empty());
    EXPECT_TRUE(carol->told.empty());
    EXPECT_EQ(two.names(), "alice bob carol ");
    one.delivery.stored(1, true);
    one.delivery.pass_on(1 << 20);
    deliver();
    ASSERT_EQ(alice->told.size(), 5u);
    EXPECT_TRUE(alice->told[2].starts_with("sent 1 "));
    EXPECT_TRUE(alice->told[3].starts_with("sent 2 - "));
    EXPECT_TRUE(alice->told[4].starts_with("sent 3 - "));
    ASSERT_EQ(bob->told.size(), 1u);
    EXPECT_TRUE(bob->told[0].ends_with(" alice - -\nto bob"));
    EXPECT_EQ(two.heard(), "to all ");
    ASSERT_EQ(carol->told.size(), 1u);
    EXPECT_TRUE(carol->told[0].ends_with(" alice - -\nto carol"));
    EXPECT_EQ(two.names(), "alicia bob carol ");
}

TEST_F(WithAStore, WhoHasTooMuchUnderWayWaits) {
    const auto one_name = one.client("a"), other = one.client("b");
    one.write(*other, "say\nunder way");
    size_t renames = 0;
    while (!one_name->paused && renames < 100000)
        one.write(*one_name, "hello name" + std::to_string(++renames % 100));
    EXPECT_LT(renames, 40000u);
    EXPECT_FALSE(other->paused);
    one.write(*other, "private name" + std::to_string(renames % 100) + "\npsst");
    EXPECT_TRUE(other->paused);
    one.delivery.stored(1, true);
    while (!one.delivery.pass_on(1 << 20)) {
    }
    EXPECT_FALSE(one_name->paused);
    EXPECT_FALSE(other->paused);
}

}  // namespace
}  // namespace chat
