// Work in the thread pool: who has numbers, which is the oldest, when what it refers to may go.

#include "net/loop.h"

#include <gtest/gtest.h>

#include <semaphore>

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

}  // namespace
}  // namespace marmoset::net
