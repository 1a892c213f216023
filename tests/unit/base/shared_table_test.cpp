// What processes have in common: entries across forks, their ends, a full set, a process that dies with a
// lock.
#include "base/shared_table.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

namespace marmoset {
namespace {

using WhenFull = SharedTable::WhenFull;

/// Runs `body` in a child; the status it ends with.
int in_child(const std::function<int()>& body) {
    const pid_t pid = fork();
    if (pid == 0) _exit(body());
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool put(SharedTable& table, SharedTable::Key key, uint64_t value, uint64_t expires_ms, uint64_t now_ms = 0) {
    return table.change(key, now_ms, [&](SharedTable::Entry& entry) { entry = {expires_ms, value, ~value}; });
}

TEST(SharedTableTest, AnEntryIsSeenUntilItsEnd) {
    SharedTable table(1000, WhenFull::Refuse);
    const SharedTable::Key key = table.key("kind", "name");
    EXPECT_FALSE(table.get(key, 0));
    ASSERT_TRUE(put(table, key, 7, 100));
    const auto entry = table.get(key, 99);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->first, 7u);
    EXPECT_EQ(entry->second, ~uint64_t{7});
    EXPECT_FALSE(table.get(key, 100));
    bool was_empty = false;
    table.change(key, 100, [&](SharedTable::Entry& found) { was_empty = found.first == 0; });
    EXPECT_TRUE(was_empty);
}

TEST(SharedTableTest, AnEntryCanBeTakenAway) {
    SharedTable table(64, WhenFull::Refuse);
    const SharedTable::Key key = table.key("kind", "name");
    put(table, key, 7, 100);
    table.change(key, 1, [](SharedTable::Entry& entry) { entry = {}; });
    EXPECT_FALSE(table.get(key, 1));
}

TEST(SharedTableTest, KeysTellKindsAndTablesApart) {
    SharedTable table(64, WhenFull::Refuse);
    SharedTable other(64, WhenFull::Refuse);
    const auto same = [](SharedTable::Key a, SharedTable::Key b) {
        return a.high == b.high && a.low == b.low;
    };
    EXPECT_TRUE(same(table.key("a", "b"), table.key("a", "b")));
    EXPECT_FALSE(same(table.key("a", "b"), table.key("a", "c")));
    EXPECT_FALSE(same(table.key("ab", "c"), table.key("a", "bc")));
    EXPECT_FALSE(same(table.key("a", "b"), other.key("a", "b")));
}

TEST(SharedTableTest, ProcessesSeeEachOthersEntries) {
    SharedTable table(1000, WhenFull::Refuse);
    const SharedTable::Key key = table.key("kind", "name");
    EXPECT_EQ(in_child([&] { return put(table, key, 42, 100) ? 0 : 1; }), 0);
    ASSERT_TRUE(table.get(key, 1));
    EXPECT_EQ(table.get(key, 1)->first, 42u);
    const uint64_t epoch = table.epoch();
    EXPECT_EQ(in_child([&] { return table.announce(), 0; }), 0);
    EXPECT_NE(table.epoch(), epoch);
}

TEST(SharedTableTest, NothingIsCountedTwiceOrLost) {
    SharedTable table(64, WhenFull::Refuse);
    const SharedTable::Key key = table.key("kind", "name");
    constexpr int kProcesses = 4, kRounds = 2000;
    for (int i = 0; i < kProcesses; ++i) {
        if (fork() != 0) continue;
        for (int round = 0; round < kRounds; ++round)
            table.change(key, 1, [](SharedTable::Entry& entry) { entry.expires_ms = 100, ++entry.first; });
        _exit(0);
    }
    for (int i = 0; i < kProcesses; ++i)
        wait(nullptr);
    EXPECT_EQ(table.get(key, 1)->first, static_cast<uint64_t>(kProcesses * kRounds));
}

TEST(SharedTableTest, WhoDiesWithALockLeavesATableThatWorks) {
    SharedTable table(64, WhenFull::Refuse);  // one set: one lock
    const SharedTable::Key key = table.key("kind", "name");
    put(table, key, 1, 100);
    EXPECT_EQ(in_child([&] {
                  table.change(key, 1, [](SharedTable::Entry&) { _exit(3); });
                  return 0;
              }),
              3);
    EXPECT_EQ(table.get(key, 1)->first, 1u);
    EXPECT_TRUE(put(table, table.key("kind", "other"), 2, 100));
    EXPECT_EQ(in_child([&] { return put(table, key, 5, 100) ? 0 : 1; }), 0);
    EXPECT_EQ(table.get(key, 1)->first, 5u);
}

TEST(SharedTableTest, AFullSetRefusesOrForgets) {
    SharedTable strict(SharedTable::kWays, WhenFull::Refuse);
    SharedTable lenient(SharedTable::kWays, WhenFull::Forget);
    for (size_t i = 0; i < SharedTable::kWays; ++i) {
        EXPECT_TRUE(put(strict, strict.key("", std::to_string(i)), i, 100 + i));
        EXPECT_TRUE(put(lenient, lenient.key("", std::to_string(i)), i, 100 + i));
    }
    EXPECT_FALSE(put(strict, strict.key("", "more"), 1, 500));
    EXPECT_TRUE(put(strict, strict.key("", "5"), 55, 500));         // it has its place
    EXPECT_TRUE(put(strict, strict.key("", "more"), 1, 500, 100));  // one has ended
    EXPECT_TRUE(put(lenient, lenient.key("", "more"), 1, 500));
    EXPECT_FALSE(lenient.get(lenient.key("", "0"), 0));  // the first to end
    EXPECT_TRUE(lenient.get(lenient.key("", "1"), 0));
    EXPECT_EQ(lenient.get(lenient.key("", "more"), 0)->first, 1u);
}

}  // namespace
}  // namespace marmoset
