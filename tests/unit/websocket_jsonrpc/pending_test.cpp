// Deadlines of what a worker process has not answered.
#include "utils/websocket_jsonrpc/pending.h"

#include <gtest/gtest.h>

namespace jsonrpc {
namespace {

using std::chrono::milliseconds;

/// Times are told in milliseconds since the beginning.
class PendingTest : public testing::Test {
  protected:
    static Pending::Time at(int ms) { return Pending::Time() + milliseconds(ms); }
    /// The number of the next one whose time is up, or 0.
    uint64_t overdue(int ms) {
        const auto next = pending.next_overdue(at(ms));
        return next ? next->first : 0;
    }

    Pending pending{milliseconds(1000)};
};

TEST_F(PendingTest, CountsWhatHasNotEnded) {
    pending.expect(1, {.client = 7, .bytes = 10}, at(0));
    pending.expect(2, {.client = 8, .bytes = 5, .opening = true}, at(0));
    EXPECT_EQ(pending.size(), 2u);
    EXPECT_EQ(pending.bytes(), 15u);
    const auto taken = pending.take(1);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->client, 7u);
    EXPECT_FALSE(taken->opening || taken->overdue);
    EXPECT_FALSE(pending.take(1));
    EXPECT_EQ(pending.bytes(), 5u);
    const auto rest = pending.clear();
    ASSERT_EQ(rest.size(), 1u);
    EXPECT_TRUE(rest.at(2).opening);
    EXPECT_EQ(pending.size(), 0u);
    EXPECT_EQ(pending.bytes(), 0u);
    EXPECT_EQ(overdue(5000), 0u);
}

TEST_F(PendingTest, TellsEachOnceWhenItsTimeIsUp) {
    for (const uint64_t number : {1, 2, 3})
        pending.expect(number, {.client = 1}, at(static_cast<int>(number) * 100));
    EXPECT_EQ(overdue(1099), 0u);
    EXPECT_EQ(overdue(1100), 1u);
    EXPECT_EQ(overdue(1100), 0u);
    pending.take(2);
    EXPECT_EQ(overdue(1400), 3u);
    EXPECT_EQ(overdue(1400), 0u);
    EXPECT_TRUE(pending.take(3)->overdue);
}

TEST_F(PendingTest, OneThatIsAnsweredHasStillToEnd) {
    pending.expect(1, {.client = 3, .bytes = 10}, at(0));
    const auto before = pending.answered(1);
    ASSERT_TRUE(before);
    EXPECT_EQ(before->client, 3u);
    EXPECT_FALSE(before->answered);
    EXPECT_TRUE(pending.answered(1)->answered);
    EXPECT_FALSE(pending.answered(2));
    EXPECT_EQ(pending.size(), 1u);
    const auto next = pending.next_overdue(at(1000));
    ASSERT_TRUE(next);
    EXPECT_TRUE(next->second.answered);
    EXPECT_TRUE(pending.hangs(at(2000)));
    EXPECT_TRUE(pending.take(1)->answered);
    EXPECT_FALSE(pending.hangs(at(2000)));
    EXPECT_EQ(pending.bytes(), 0u);
}

TEST_F(PendingTest, OneThatDoesNotEndHangsAfterAGrace) {
    pending.expect(1, {.client = 1}, at(0));
    EXPECT_EQ(overdue(1000), 1u);
    EXPECT_FALSE(pending.hangs(at(1999)));
    EXPECT_TRUE(pending.hangs(at(2000)));
    pending.take(1);
    EXPECT_FALSE(pending.hangs(at(9000)));
}

TEST_F(PendingTest, OneThatBeganLateHasItsTimeFromThen) {
    pending.expect(1, {.client = 1}, at(0));
    pending.expect(2, {.client = 1}, at(0));
    pending.running(1, milliseconds(1), at(900));  // not overdue: no matter
    EXPECT_EQ(overdue(1000), 1u);
    EXPECT_EQ(overdue(1000), 2u);
    pending.running(1, milliseconds(1000), at(1010));  // began at once
    pending.running(2, milliseconds(110), at(1010));   // at 900
    pending.running(3, milliseconds(110), at(1010));   // is not known
    EXPECT_FALSE(pending.hangs(at(2009)));
    EXPECT_TRUE(pending.hangs(at(2010)));
    pending.take(1);
    EXPECT_FALSE(pending.hangs(at(2899)));
    EXPECT_TRUE(pending.hangs(at(2900)));
    pending.take(2);
    EXPECT_FALSE(pending.hangs(at(9000)));
}

TEST_F(PendingTest, TheGraceIsTwoSecondsAtMost) {
    Pending patient{milliseconds(30000)};
    EXPECT_EQ(patient.longest(), milliseconds(32000));
    EXPECT_EQ(pending.longest(), milliseconds(2000));
}

}  // namespace
}  // namespace jsonrpc
