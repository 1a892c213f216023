// Keys of session tickets: their lives, and that processes have them in common. The clock is the test's.
#include "tls/ticket_keys.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace marmoset::tls {
namespace {

constexpr uint64_t kLifetime = 100;

class TicketKeysTest : public testing::Test {
  protected:
    TicketKey newest(uint64_t now) {
        TicketKey key{};
        EXPECT_TRUE(keys_.newest(key, now));
        return key;
    }
    /// "new", "old" or "none".
    const char* found(const TicketKey& wanted, uint64_t now) {
        TicketKey key{};
        bool replaced = false;
        if (!keys_.find(wanted.name, key, replaced, now)) return "none";
        EXPECT_EQ(wanted.cipher, key.cipher);
        EXPECT_EQ(wanted.mac, key.mac);
        return replaced ? "old" : "new";
    }

    std::shared_ptr<SharedMemory> memory_ = std::make_shared<SharedMemory>(TicketKeys::shared_size());
    TicketKeys keys_{memory_, kLifetime};
};

TEST_F(TicketKeysTest, AKeyStaysForALifetime) {
    const TicketKey first = newest(1000);
    EXPECT_EQ(first.name, newest(1000 + kLifetime - 1).name);
    EXPECT_NE(first.name, newest(1000 + kLifetime).name);
}

TEST_F(TicketKeysTest, ItOpensTicketsForAnother) {
    const TicketKey first = newest(1000);
    EXPECT_STREQ("new", found(first, 1000 + kLifetime - 1));
    EXPECT_STREQ("old", found(first, 1000 + kLifetime));
    EXPECT_STREQ("old", found(first, 1000 + 2 * kLifetime - 1));
    EXPECT_STREQ("none", found(first, 1000 + 2 * kLifetime));
}

TEST_F(TicketKeysTest, AfterALongSilenceNothingOldIsLeft) {
    const TicketKey first = newest(1000);
    const TicketKey second = newest(1000 + 5 * kLifetime);
    EXPECT_STREQ("none", found(first, 1000 + 5 * kLifetime));
    EXPECT_STREQ("new", found(second, 1000 + 5 * kLifetime));
}

TEST_F(TicketKeysTest, UnknownNames) {
    newest(1000);
    TicketKey key{};
    bool replaced = false;
    EXPECT_FALSE(keys_.find(TicketKey{}.name, key, replaced, 1000));
    EXPECT_FALSE(keys_.find({}, key, replaced, 1000));
}

TEST_F(TicketKeysTest, TheNextConfigurationGoesOnWithThem) {
    const TicketKey first = newest(1000);
    TicketKeys reloaded(memory_, kLifetime);
    TicketKey key{};
    ASSERT_TRUE(reloaded.newest(key, 1001));
    EXPECT_EQ(first.name, key.name);
}

TEST_F(TicketKeysTest, ProcessesShareThem) {
    const pid_t child = fork();
    if (child == 0) {
        TicketKey key;
        keys_.newest(key, 1000);
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(child, waitpid(child, &status, 0));
    const TicketKey ours = newest(1001);
    EXPECT_STREQ("old", found(ours, 1000 + kLifetime));  // it was the child that made it, in second 1000
}

// A worker may be killed while it holds the lock.
TEST_F(TicketKeysTest, AnOwnerThatDiesIsOutlived) {
    const TicketKey first = newest(1000);
    const pid_t child = fork();
    if (child == 0) {
        pthread_mutex_lock(static_cast<pthread_mutex_t*>(memory_->data()));
        raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(child, waitpid(child, &status, 0));
    const TicketKey second = newest(1001);
    EXPECT_NE(first.name, second.name);
    EXPECT_STREQ("new", found(second, 1002));
}

}  // namespace
}  // namespace marmoset::tls
