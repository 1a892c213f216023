// The wheel of deadlines: on time, once, cheap to arm again, safe to destroy.
#include "net/timer.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "net/loop.h"

namespace marmoset::net {
namespace {

class Alarm final : public Timer {
  public:
    explicit Alarm(std::function<void()> action) : action_(std::move(action)) {}
    ~Alarm() override = default;

  private:
    void on_timer() override { action_(); }
    std::function<void()> action_;
};

class TimerTest : public testing::Test {
  protected:
    // The wheel keeps no loop alive: a poll on nothing in particular does, until the last alarm ends it.
    void run_until_stopped() {
        uv_timer_t guard;
        uv_timer_init(loop_.uv(), &guard);
        uv_timer_start(
            &guard, [](uv_timer_t* handle) { uv_stop(handle->loop); }, 60'000, 0);
        loop_.run();
        EXPECT_TRUE(uv_is_active(reinterpret_cast<uv_handle_t*>(&guard)))
            << "nothing stopped the loop for a minute";
        uv_close(reinterpret_cast<uv_handle_t*>(&guard), nullptr);
        uv_run(loop_.uv(), UV_RUN_NOWAIT);
    }

    Loop loop_;
};

TEST_F(TimerTest, FiresInOrderAndNotEarly) {
    std::vector<int> fired;
    const uint64_t start = loop_.now();
    const auto make = [&](int milliseconds, bool last) {
        auto alarm = std::make_unique<Alarm>([this, &fired, start, milliseconds, last] {
            uv_update_time(loop_.uv());
            EXPECT_GE(loop_.now() - start, static_cast<uint64_t>(milliseconds));
            fired.push_back(milliseconds);
            if (last) loop_.stop();
        });
        loop_.timers().arm(*alarm, static_cast<uint64_t>(milliseconds));
        return alarm;
    };
    const auto third = make(500, true);
    const auto first = make(100, false);
    const auto second = make(300, false);
    run_until_stopped();
    EXPECT_EQ((std::vector<int>{100, 300, 500}), fired);
    EXPECT_FALSE(first->armed());
}

// Timers armed at all phases of a tick come due together with others that are a little older.
TEST_F(TimerTest, IsNeverEarlyWhateverThePhaseItIsArmedAt) {
    static constexpr unsigned kAlarms = 60;
    std::vector<std::unique_ptr<Alarm>> alarms;
    unsigned fired = 0;
    uv_timer_t source;
    uv_timer_init(loop_.uv(), &source);
    std::function<void()> arm_one = [&] {
        if (alarms.size() == kAlarms) {
            uv_timer_stop(&source);
            return;
        }
        const uint64_t milliseconds = 100 + 10 * (alarms.size() % 7);
        const uint64_t armed_at = loop_.now();
        alarms.push_back(std::make_unique<Alarm>([this, &fired, armed_at, milliseconds] {
            EXPECT_GE(loop_.now() - armed_at, milliseconds);
            if (++fired == kAlarms) loop_.stop();
        }));
        loop_.timers().arm(*alarms.back(), milliseconds);
    };
    source.data = &arm_one;
    uv_timer_start(
        &source, [](uv_timer_t* handle) { (*static_cast<std::function<void()>*>(handle->data))(); }, 1, 7);
    run_until_stopped();
    uv_close(reinterpret_cast<uv_handle_t*>(&source), nullptr);
    uv_run(loop_.uv(), UV_RUN_NOWAIT);
    EXPECT_EQ(kAlarms, fired);
}

TEST_F(TimerTest, ALaterDeadlineReplacesAnEarlierOne) {
    const uint64_t start = loop_.now();
    Alarm alarm([&] {
        uv_update_time(loop_.uv());
        EXPECT_GE(loop_.now() - start, 400u);
        loop_.stop();
    });
    loop_.timers().arm(alarm, 100);
    loop_.timers().arm(alarm, 400);
    run_until_stopped();
}

TEST_F(TimerTest, AnEarlierDeadlineReplacesALaterOne) {
    const uint64_t start = loop_.now();
    Alarm alarm([&] {
        uv_update_time(loop_.uv());
        EXPECT_LT(loop_.now() - start, 600'000u);
        loop_.stop();
    });
    loop_.timers().arm(alarm, 600'000);
    loop_.timers().arm(alarm, 200);
    run_until_stopped();
}

TEST_F(TimerTest, DisarmedAndDestroyedTimersNeverFire) {
    Alarm disarmed([] { FAIL() << "disarmed"; });
    auto destroyed = std::make_unique<Alarm>([] { FAIL() << "destroyed"; });
    Alarm last([this] { loop_.stop(); });
    loop_.timers().arm(disarmed, 100);
    loop_.timers().arm(*destroyed, 100);
    loop_.timers().arm(last, 300);
    loop_.timers().disarm(disarmed);
    destroyed.reset();
    run_until_stopped();
    EXPECT_FALSE(disarmed.armed());
}

TEST_F(TimerTest, MayDestroyAnotherDueTimerAndArmItselfAgain) {
    auto victim = std::make_unique<Alarm>([] { FAIL() << "destroyed by its neighbour"; });
    int count = 0;
    std::unique_ptr<Alarm> killer;
    killer = std::make_unique<Alarm>([&] {
        victim.reset();
        if (++count == 3) {
            loop_.stop();
        } else {
            loop_.timers().arm(*killer, 100);
        }
    });
    loop_.timers().arm(*killer, 100);
    loop_.timers().arm(*victim, 100);
    run_until_stopped();
    EXPECT_EQ(3, count);
}

// Longer than a turn of the wheel: looked at on the way, fired only when due.
TEST_F(TimerTest, KeepsDeadlinesBeyondOneTurn) {
    Alarm far([] { FAIL() << "a quarter of an hour has not passed"; });
    Alarm near([this] { loop_.stop(); });
    loop_.timers().arm(far, 900'000);
    loop_.timers().arm(near, 200);
    run_until_stopped();
    EXPECT_TRUE(far.armed());
}

}  // namespace
}  // namespace marmoset::net
