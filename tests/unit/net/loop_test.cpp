// Work in the thread pool: who has numbers, which is the oldest, when what it refers to may go. Turns that do
// not sleep.

#include "net/loop.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <functional>
#include <memory>
#include <semaphore>
#include <string>

#include "base/file_descriptor.h"

namespace marmoset::net {
namespace {

TEST(Loop, OldestWorkIsTheOneWhoseEndHasNotBeenTold) {
    Loop loop;
    std::binary_semaphore first(0);
    int done = 0;
    EXPECT_GT(loop.oldest_work(), loop.last_work());
    loop.run_blocking([&] { first.acquire(); },
                      [&] {
                          // Still the oldest while it is told.
                          EXPECT_EQ(loop.oldest_work(), 1u);
                          ++done;
                      });
    loop.run_blocking([] {},
                      [&] {
                          // Done before the first: the first stays the oldest.
                          EXPECT_EQ(loop.oldest_work(), 1u);
                          ++done;
                          loop.run_blocking([] {}, [&] { ++done; });
                          EXPECT_EQ(loop.last_work(), 3u);
                          first.release();
                      });
    EXPECT_EQ(loop.last_work(), 2u);
    EXPECT_EQ(loop.oldest_work(), 1u);
    loop.run();
    EXPECT_EQ(done, 3);
    EXPECT_EQ(loop.oldest_work(), 4u);
}

TEST(Loop, OldestWorkAfterOnesFromTheMiddle) {
    Loop loop;
    std::counting_semaphore<> held(0);
    int done = 0;
    loop.run_blocking([&] { held.acquire(); }, [&] { ++done; });
    for (int i = 0; i < 8; ++i) {
        loop.run_blocking([] {},
                          [&] {
                              if (++done == 8) held.release();
                              EXPECT_EQ(loop.oldest_work(), 1u);
                          });
    }
    loop.run();
    EXPECT_EQ(done, 9);
    EXPECT_GT(loop.oldest_work(), loop.last_work());
}

class Waiter final : public TurnEnd {
  public:
    explicit Waiter(std::function<void()> what) : what_(std::move(what)) {}

  private:
    void on_turn_end() override { what_(); }
    std::function<void()> what_;
};

// What is ready is handled first, and nothing is slept for.
TEST(Loop, TheNextTurnLooksForEventsAndDoesNotSleep) {
    Loop loop;
    uv_timer_t never;
    uv_timer_init(loop.uv(), &never);
    uv_timer_start(
        &never, [](uv_timer_t*) { FAIL() << "it slept"; }, 60'000, 0);
    int pipe[2];
    ASSERT_EQ(uv_pipe(pipe, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE), 0);
    const FileDescriptor input(pipe[0]), output(pipe[1]);
    std::string order;
    uv_poll_t poll;
    poll.data = &order;
    uv_poll_init(loop.uv(), &poll, input.get());
    uv_poll_start(&poll, UV_READABLE, [](uv_poll_t* handle, int, int) {
        *static_cast<std::string*>(handle->data) += "event ";
        uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr);
    });
    int rounds = 0;
    std::unique_ptr<Waiter> again;
    again = std::make_unique<Waiter>([&] {
        order += "turn ";
        if (++rounds == 1) {
            EXPECT_EQ(write(output.get(), "x", 1), 1);
        } else if (rounds == 4) {
            uv_close(reinterpret_cast<uv_handle_t*>(&never), nullptr);
            return;
        }
        loop.at_next_turn_end(*again);
    });
    loop.at_turn_end(*again);
    loop.run();
    EXPECT_EQ(order, "turn event turn turn turn ");
}

TEST(Loop, WhoIsGoneIsNotCalledInTheNextTurn) {
    Loop loop;
    bool second = false;
    auto gone = std::make_unique<Waiter>([] { FAIL(); });
    Waiter stays([&] { second = true; });
    loop.at_next_turn_end(stays);
    loop.at_next_turn_end(*gone);
    gone.reset();
    loop.settle();
    EXPECT_FALSE(second);
    // A handle that is alive, or the loop would not turn at all.
    uv_timer_t soon;
    uv_timer_init(loop.uv(), &soon);
    uv_timer_start(
        &soon, [](uv_timer_t* timer) { uv_close(reinterpret_cast<uv_handle_t*>(timer), nullptr); }, 0, 0);
    loop.run();
    EXPECT_TRUE(second);
}

}  // namespace
}  // namespace marmoset::net
