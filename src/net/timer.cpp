#include "net/timer.h"

#include <algorithm>

namespace marmoset::net {

Timer::~Timer() {
    if (previous_) TimerWheel::unlink(*this);
}

TimerWheel::TimerWheel(uv_loop_t* loop) : loop_(loop), start_ms_(uv_now(loop)) {
    for (List& list : slots_)
        list.previous_ = list.next_ = &list;
    uv_timer_init(loop, &handle_);
    handle_.data = this;
    uv_unref(reinterpret_cast<uv_handle_t*>(&handle_));
}

void TimerWheel::close() {
    for (List& list : slots_) {
        while (list.next_ != &list)
            unlink(*list.next_);
        list.previous_ = list.next_ = nullptr;
    }
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_), nullptr);
}

void TimerWheel::unlink(Timer& timer) {
    timer.previous_->next_ = timer.next_;
    timer.next_->previous_ = timer.previous_;
    timer.previous_ = timer.next_ = nullptr;
}

void TimerWheel::link(Timer& timer, uint32_t tick) {
    if (timer.previous_) unlink(timer);
    List& list = slots_[tick % kSlots];
    timer.previous_ = list.previous_;
    timer.next_ = &list;
    list.previous_->next_ = &timer;
    list.previous_ = &timer;
    timer.slot_tick_ = tick;
}

void TimerWheel::arm(Timer& timer, uint64_t milliseconds) {
    const uint32_t now = past_tick();
    // The first tick that does not lie before the deadline; in the future, so never 0, which means «never».
    const uint64_t due_ms = elapsed_ms() + std::min<uint64_t>(milliseconds, uint64_t{kTickMs} << 30);
    timer.deadline_ = std::max(static_cast<uint32_t>((due_ms + kTickMs - 1) / kTickMs), now + 1);
    if (scheduled_ == 0) processed_ = std::max(processed_, now);  // an empty wheel did not turn
    // Linked in an earlier slot that is still to come: it is looked at there and moved then.
    if (timer.previous_ && timer.slot_tick_ > processed_ && timer.slot_tick_ <= timer.deadline_) return;
    link(timer, std::min(timer.deadline_, now + static_cast<uint32_t>(kSlots) - 1));
    if (scheduled_ == 0 || timer.slot_tick_ < scheduled_) schedule();
}

// The next tick whose list is not empty: a wheel of idle slots wakes nobody.
void TimerWheel::schedule() {
    for (uint32_t tick = processed_ + 1; tick <= processed_ + kSlots; ++tick) {
        List& list = slots_[tick % kSlots];
        if (list.next_ == &list) continue;
        scheduled_ = tick;
        const uint64_t due_ms = start_ms_ + static_cast<uint64_t>(tick) * kTickMs;
        const uint64_t now_ms = uv_now(loop_);
        uv_timer_start(
            &handle_, [](uv_timer_t* handle) { static_cast<TimerWheel*>(handle->data)->expire(); },
            due_ms > now_ms ? due_ms - now_ms : 0, 0);
        return;
    }
    scheduled_ = 0;
}

void TimerWheel::expire() {
    const uint32_t now = past_tick();
    while (processed_ < now) {
        const uint32_t tick = ++processed_;
        List& list = slots_[tick % kSlots];
        // Detached first: on_timer() may arm timers into the very slot that is being walked.
        List due;
        if (list.next_ == &list) {
            due.previous_ = due.next_ = &due;
        } else {
            due.next_ = list.next_;
            due.previous_ = list.previous_;
            due.next_->previous_ = &due;
            due.previous_->next_ = &due;
            list.previous_ = list.next_ = &list;
        }
        while (due.next_ != &due) {
            Timer& timer = *due.next_;
            unlink(timer);
            if (timer.deadline_ == 0) continue;
            if (timer.deadline_ <= now) {
                timer.deadline_ = 0;
                timer.on_timer();
            } else {
                link(timer, std::min(timer.deadline_, now + static_cast<uint32_t>(kSlots) - 1));
            }
        }
        due.previous_ = due.next_ = nullptr;
    }
    scheduled_ = 0;
    schedule();
}

}  // namespace marmoset::net
