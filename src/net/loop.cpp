#include "net/loop.h"

#include <sched.h>

#include <cassert>
#include <ctime>

#include "net/output.h"

namespace marmoset::net {

namespace {

// uv_loop_init before the members that use the loop.
uv_loop_t* initialised(uv_loop_t* loop) {
    [[maybe_unused]] const int status = uv_loop_init(loop);
    assert(status == 0);
    return loop;
}

}  // namespace

TurnEnd::~TurnEnd() {
    if (queue_) queue_->cancel(*this);
}

Loop::Loop()
    : timers_(initialised(&loop_)),
      handshakes_(&loop_),
      own_counters_(std::make_unique<CounterSlot>()),
      counters_(own_counters_.get()),
      output_(std::make_unique<OutputGather>(*this)),
      read_memory_(new uint8_t[kReadBufferSize + 2 * kReadPadding]) {
    uv_prepare_init(&loop_, &prepare_);
    uv_check_init(&loop_, &check_);
    uv_idle_init(&loop_, &awake_);
    prepare_.data = check_.data = awake_.data = this;
    // Poll callbacks are followed by `check`; timers, closing callbacks and finished thread-pool work by
    // `prepare`. In both places the loop is about to sleep or to look for events: what was gathered must
    // leave.
    uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { static_cast<Loop*>(handle->data)->end_turn(); });
    uv_check_start(&check_, [](uv_check_t* handle) {
        Loop& loop = *static_cast<Loop*>(handle->data);
        if (loop.first_of_next_) loop.begin_next_turn();
        loop.end_turn();
        if (loop.handshakes_.run()) loop.end_turn();
    });
    uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
    uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
    uv_unref(reinterpret_cast<uv_handle_t*>(&awake_));
}

Loop::~Loop() {
    if (first_of_next_) begin_next_turn();
    end_turn();
    timers_.close();
    handshakes_.close();
    uv_close(reinterpret_cast<uv_handle_t*>(&prepare_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&check_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&awake_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    retired_.clear();
    [[maybe_unused]] const int status = uv_loop_close(&loop_);
    assert(status == 0 && "a handle outlived its loop");
}

void Loop::run() {
    uv_run(&loop_, UV_RUN_DEFAULT);
}

void Loop::stop() {
    uv_stop(&loop_);
}

int64_t Loop::wall_seconds() {
    const uint64_t now = uv_now(&loop_);
    if (wall_seconds_ == 0 || now - wall_read_at_ >= 200) {
        wall_seconds_ = time(nullptr);
        wall_read_at_ = now;
    }
    return wall_seconds_;
}

void Loop::at_turn_end(TurnEnd& task) {
    if (task.queue_) return;
    task.queue_ = this;
    task.next_ = nullptr;
    *last_ = &task;
    last_ = &task.next_;
}

void Loop::at_next_turn_end(TurnEnd& task) {
    assert(!task.queue_);
    task.queue_ = this;
    task.next_ = first_of_next_;
    first_of_next_ = &task;
    uv_idle_start(&awake_, [](uv_idle_t*) { sched_yield(); });
}

// What waited for it is to be done at its end.
void Loop::begin_next_turn() {
    uv_idle_stop(&awake_);
    while (first_of_next_) {
        TurnEnd& task = *first_of_next_;
        first_of_next_ = task.next_;
        task.queue_ = nullptr;
        at_turn_end(task);
    }
}

void Loop::cancel(TurnEnd& task) {
    for (TurnEnd** link = &first_of_next_; *link; link = &(*link)->next_) {
        if (*link != &task) continue;
        *link = task.next_;
        task.queue_ = nullptr;
        return;
    }
    for (TurnEnd** link = &first_; *link; link = &(*link)->next_) {
        if (*link != &task) continue;
        *link = task.next_;
        if (last_ == &task.next_) last_ = link;
        task.queue_ = nullptr;
        return;
    }
}

void Loop::end_turn() {
    do {
        while (first_) {
            TurnEnd& task = *first_;
            first_ = task.next_;
            if (!first_) last_ = &first_;
            task.queue_ = nullptr;
            task.on_turn_end();
        }
        output_->flush_all();
    } while (first_);  // a write that blocks asks to be polled for
    if (!retired_.empty()) {
        auto retired = std::move(retired_);
        retired_.clear();
        retired.clear();
    }
    if (after_turn_) after_turn_();
}

struct Loop::Work {
    uv_work_t request;
    Loop& loop;
    uint64_t number;
    std::function<void()> run, done;
    Work* previous;
    Work* next = nullptr;
};

void Loop::run_blocking(std::function<void()> work, std::function<void()> done) {
    auto* one = new Work{{}, *this, ++last_work_, std::move(work), std::move(done), newest_work_};
    (newest_work_ ? newest_work_->next : first_work_) = one;
    newest_work_ = one;
    one->request.data = one;
    uv_queue_work(
        &loop_, &one->request, [](uv_work_t* handle) { static_cast<Work*>(handle->data)->run(); },
        [](uv_work_t* handle, int) {
            std::unique_ptr<Work> finished(static_cast<Work*>(handle->data));
            finished->done();
            (finished->previous ? finished->previous->next : finished->loop.first_work_) = finished->next;
            (finished->next ? finished->next->previous : finished->loop.newest_work_) = finished->previous;
        });
}

uint64_t Loop::oldest_work() const {
    return first_work_ ? first_work_->number : last_work_ + 1;
}

}  // namespace marmoset::net
