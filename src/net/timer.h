// Deadlines of connections: a wheel of lists, so that arming one costs a few stores and no system call, and
// ten thousand idle clients cost one libuv timer. Resolution 100 ms: these are seconds-long deadlines, not
// clocks.
#pragma once

#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace marmoset::net {

class TimerWheel;

/// Base of whatever waits for a deadline. Disarmed by its destructor.
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    bool armed() const { return deadline_ != 0; }

  protected:
    virtual ~Timer();
    /// The deadline has passed; the timer is disarmed before the call and may be armed again in it, or
    /// destroyed.
    virtual void on_timer() = 0;

  private:
    friend class TimerWheel;
    Timer* previous_ = nullptr;  // in the wheel's list; nullptr: not linked
    Timer* next_ = nullptr;
    uint32_t deadline_ = 0;   // in ticks of the wheel; 0: disarmed, though it may still be linked (see arm())
    uint32_t slot_tick_ = 0;  // the tick of the slot it is linked in
};

class TimerWheel {
  public:
    static constexpr uint64_t kTickMs = 100;

    explicit TimerWheel(uv_loop_t* loop);
    /// Starts closing the libuv handle; the wheel lives until the loop has run its close callbacks.
    void close();

    /// on_timer() after `milliseconds` at the earliest, one tick later at the latest. Arming again replaces
    /// the deadline. A later deadline leaves the timer where it is linked and moves it only when that slot
    /// comes round: re-arming per request is free.
    void arm(Timer& timer, uint64_t milliseconds);
    void disarm(Timer& timer) { timer.deadline_ = 0; }

  private:
    static constexpr size_t kSlots = 1024;  // 102 s a turn; later deadlines come round again

    void link(Timer& timer, uint32_t tick);
    static void unlink(Timer& timer);
    void expire();
    void schedule();
    uint64_t elapsed_ms() const { return uv_now(loop_) - start_ms_; }
    uint32_t past_tick() const { return static_cast<uint32_t>(elapsed_ms() / kTickMs); }

    friend class Timer;
    struct List final : Timer {  // list head
        void on_timer() override {}
    };
    uv_loop_t* loop_;
    uv_timer_t handle_;
    uint64_t start_ms_;       // tick n lies n * kTickMs behind it
    uint32_t processed_ = 0;  // all ticks up to this one are done
    uint32_t scheduled_ = 0;  // tick the libuv timer waits for; 0: stopped
    std::array<List, kSlots> slots_;
};

}  // namespace marmoset::net
