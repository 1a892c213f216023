// Work for libuv's thread pool, in order and bounded: password hashes must not take all threads from the
// files, nor pile up without end. In: work. Out: its `done` on the loop; or a refusal when too much waits.
#pragma once

#include <deque>
#include <functional>

#include "net/loop.h"

namespace marmoset::auth_module {

class WorkQueue {
  public:
    /// At most `running` in the pool and `waiting` behind them. `loop` outlives the queue; the queue outlives
    /// the work that runs (see MarmosetModule::finish).
    WorkQueue(net::Loop& loop, unsigned running, size_t waiting)
        : loop_(loop), most_running_(running), most_waiting_(waiting) {}

    /// False: too much waits already. `work` runs in another thread, `done` on the loop.
    bool post(std::function<void()> work, std::function<void()> done) {
        if (closed_ || waiting_.size() >= most_waiting_) return false;
        waiting_.push_back({std::move(work), std::move(done)});
        start();
        return true;
    }
    /// What waits is dropped; what runs calls its `done` still.
    void close() {
        closed_ = true;
        waiting_.clear();
    }

  private:
    struct Job {
        std::function<void()> work, done;
    };
    void start() {
        while (running_ < most_running_ && !waiting_.empty()) {
            Job job = std::move(waiting_.front());
            waiting_.pop_front();
            ++running_;
            loop_.run_blocking(std::move(job.work), [this, done = std::move(job.done)] {
                --running_;
                done();
                start();
            });
        }
    }

    net::Loop& loop_;
    const unsigned most_running_;
    const size_t most_waiting_;
    unsigned running_ = 0;
    bool closed_ = false;
    std::deque<Job> waiting_;
};

}  // namespace marmoset::auth_module
