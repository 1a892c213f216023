// Threads of sqlrpc: as many as clients need, one call of a client at a time.
#include "utils/jsonrpc_sqlrpc/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <vector>

namespace marmoset::sqlrpc {
namespace {

TEST(SqlrpcExecutor, ASlowClientDelaysNoOther) {
    int slow = 0, quick = 0;
    std::promise<void> release, done;
    const std::shared_future<void> released = release.get_future().share();
    Executor executor(4);
    executor.post(&slow, [released] { released.wait(); });
    executor.post(&slow, [] {});
    for (int i = 0; i < 10; ++i)
        executor.post(&quick, [] {});
    executor.post(&quick, [&] { done.set_value(); });
    done.get_future().wait();  // for ever, if it were behind the slow one
    EXPECT_GE(2u, executor.threads());
    release.set_value();
}

TEST(SqlrpcExecutor, KeepsTheOrderOfAClientAndRunsOneAtATime) {
    constexpr int kOwners = 5, kEach = 200;
    struct Owner {
        std::atomic<int> running = 0;
        std::vector<int> order;
    } owners[kOwners];
    std::atomic<int> overlaps = 0;
    {
        Executor executor(3);
        for (int i = 0; i < kEach; ++i) {
            for (Owner& owner : owners) {
                executor.post(&owner, [&owner, &overlaps, i] {
                    overlaps += owner.running.exchange(1);
                    owner.order.push_back(i);
                    owner.running = 0;
                });
            }
        }
        EXPECT_GE(3u, executor.threads());
    }
    EXPECT_EQ(0, overlaps);
    for (const Owner& owner : owners) {
        ASSERT_EQ(size_t{kEach}, owner.order.size());
        for (int i = 0; i < kEach; ++i)
            ASSERT_EQ(i, owner.order[static_cast<size_t>(i)]);
    }
}

TEST(SqlrpcExecutor, HasNoMoreThreadsThanItMay) {
    std::promise<void> release;
    const std::shared_future<void> released = release.get_future().share();
    std::atomic<int> done = 0;
    int owners[10];
    {
        Executor executor(2);
        for (int& owner : owners) {
            executor.post(&owner, [released, &done] {
                released.wait();
                ++done;
            });
        }
        EXPECT_EQ(2u, executor.threads());
        release.set_value();
    }
    EXPECT_EQ(10, done);
}

}  // namespace
}  // namespace marmoset::sqlrpc
