// Serial queues on threads.
#include "utils/websocket_jsonrpc/strand.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace jsonrpc {
namespace {

TEST(Strands, RunTheirOwnTasksInOrderAndNeverTwoAtOnce) {
    constexpr int kStrands = 8, kTasks = 200;
    std::vector<std::vector<int>> ran(kStrands);
    std::vector<std::atomic<int>> inside(kStrands);
    std::atomic<bool> two_at_once = false;
    {
        Threads threads(4);
        std::vector<std::shared_ptr<Strand>> strands;
        for (int i = 0; i < kStrands; ++i)
            strands.push_back(std::make_shared<Strand>());
        for (int task = 0; task < kTasks; ++task) {
            for (int i = 0; i < kStrands; ++i) {
                threads.push(strands[i], [&, i, task] {
                    if (++inside[i] != 1) two_at_once = true;
                    ran[i].push_back(task);
                    --inside[i];
                });
            }
        }
    }  // runs the rest
    EXPECT_FALSE(two_at_once);
    for (const auto& tasks : ran) {
        ASSERT_EQ(tasks.size(), static_cast<size_t>(kTasks));
        EXPECT_TRUE(std::is_sorted(tasks.begin(), tasks.end()));
    }
}

TEST(Strands, DoNotWaitForEachOther) {
    Threads threads(2);
    const auto one = std::make_shared<Strand>(), other = std::make_shared<Strand>();
    std::promise<void> open, passed;
    auto opened = open.get_future();
    threads.push(one, [&] { opened.wait(); });
    threads.push(one, [&] { passed.set_value(); });
    threads.push(other, [&] { open.set_value(); });
    passed.get_future().wait();
}

TEST(Strands, ArePushedToFromTheirOwnTasks) {
    std::vector<int> order;
    {
        Threads threads(1);
        const auto strand = std::make_shared<Strand>();
        threads.push(strand, [&] {
            threads.push(strand, [&] { order.push_back(2); });
            order.push_back(1);
        });
    }
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace jsonrpc
