// One libuv loop and what every user of it shares: the read buffer, the end of the turn, deadlines, the
// account of queued memory. In: handles of others. Out: their callbacks. One thread; a worker has exactly
// one.
#pragma once

#include <uv.h>

#include <climits>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/counters.h"
#include "net/handshake_queue.h"
#include "net/timer.h"

namespace marmoset::net {

class Loop;
class OutputGather;

/// Something to be done once before the loop sleeps again (flush a batch, apply a poll mask).
/// Intrusive: queueing allocates nothing. Its destructor takes it out of the queue.
class TurnEnd {
  public:
    TurnEnd() = default;
    TurnEnd(const TurnEnd&) = delete;
    TurnEnd& operator=(const TurnEnd&) = delete;

  protected:
    virtual ~TurnEnd();
    virtual void on_turn_end() = 0;

  private:
    friend class Loop;
    TurnEnd* next_ = nullptr;
    Loop* queue_ = nullptr;  ///< the loop it is queued at
};

/// An object whose memory is freed at the end of the turn, when no caller of it is on the stack any more.
class Retired {
  public:
    virtual ~Retired() = default;
};

class Loop {
  public:
    static constexpr size_t kReadBufferSize = 512 * 1024;
    static constexpr size_t kReadPadding = 64;

    Loop();
    ~Loop();  ///< all handles must have been closed by their owners; runs their close callbacks
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    uv_loop_t* uv() { return &loop_; }
    void run();
    void stop();
    /// After run(): does what the end of a turn does, for those whose objects go before the loop.
    void settle() { end_turn(); }

    /// Milliseconds, monotonic, as of this turn.
    uint64_t now() const { return uv_now(&loop_); }
    /// Seconds since the epoch, at most one second old: for dates and logs.
    int64_t wall_seconds();

    TimerWheel& timers() { return timers_; }
    OutputGather& output() { return *output_; }
    HandshakeQueue& handshakes() { return handshakes_; }

    /// The buffer everyone reads into; free again when the callback that filled it returns. kReadPadding
    /// bytes before and after it may be overwritten by the one who uses it.
    MutableBytes read_buffer() { return {read_memory_.get() + kReadPadding, kReadBufferSize}; }

    /// Runs `task` once at the end of this turn, after all callbacks of this poll. Queueing twice is the same
    /// as once. A task that queues itself while running runs again in the same turn's end.
    void at_turn_end(TurnEnd& task);
    /// Runs `task` once at the end of the next turn, for which the loop looks for events without sleeping:
    /// for what is likely to come within microseconds. Other processes of this core run before it looks. Not
    /// for a task that is queued.
    void at_next_turn_end(TurnEnd& task);
    /// Frees `object` at the end of the turn.
    void retire(std::unique_ptr<Retired> object) { retired_.push_back(std::move(object)); }

    /// Called after everything else of a turn's end (the access log's flush). Set once, by the worker.
    void set_after_turn(std::function<void()> after) { after_turn_ = std::move(after); }

    /// Bytes held by queues and reassembly in this process: kept by those who queue, limited by `maxmemory`.
    uint64_t queued_memory() const { return queued_memory_; }
    void add_queued_memory(int64_t bytes) {
        queued_memory_ = static_cast<uint64_t>(static_cast<int64_t>(queued_memory_) + bytes);
        counters_->set(Counter::QueuedBytes, queued_memory_);
    }
    void set_memory_limit(uint64_t bytes) { memory_limit_ = bytes; }
    bool memory_exhausted() const { return queued_memory_ > memory_limit_; }

    /// What this process counts. A slot of the loop's own until count_in() is called.
    CounterSlot& counters() { return *counters_; }
    /// All processes' counters, for the status page; nullptr: this process counts for itself.
    const CounterPage* counter_page() const { return counter_page_; }
    /// Counts in `slot` of `page` from now on; both outlive the loop. Called before anything is counted.
    void count_in(const CounterPage& page, CounterSlot& slot) {
        counter_page_ = &page;
        counters_ = &slot;
    }

    /// Clients are accepted as long as their descriptors' numbers lie below: the rest is for files, links and
    /// logs, so that those who are connected are served on.
    int client_descriptors() const { return client_descriptors_; }
    void set_client_descriptors(int number) { client_descriptors_ = number; }

    /// Runs `work` in libuv's thread pool, then `done` on this loop (always, also when the loop is about to
    /// end). `work` must touch nothing that the loop's thread uses meanwhile.
    void run_blocking(std::function<void()> work, std::function<void()> done);
    /// Work is numbered from 1 in the order of run_blocking(): the last number given, and the smallest whose
    /// `done` has not been called (beyond the last: none). What work refers to may go when the second has
    /// passed the first.
    uint64_t last_work() const { return last_work_; }
    uint64_t oldest_work() const;

  private:
    friend class TurnEnd;
    struct Work;
    void end_turn();
    void begin_next_turn();
    void cancel(TurnEnd& task);

    uv_loop_t loop_;
    uv_prepare_t prepare_;
    uv_check_t check_;
    uv_idle_t awake_;  // active: the next turn does not sleep
    TimerWheel timers_;
    HandshakeQueue handshakes_;
    // In front of what gives memory back when it is destroyed.
    std::unique_ptr<CounterSlot> own_counters_;
    CounterSlot* counters_;
    const CounterPage* counter_page_ = nullptr;
    uint64_t queued_memory_ = 0;
    uint64_t memory_limit_ = 256u << 20;
    std::unique_ptr<OutputGather> output_;
    std::unique_ptr<uint8_t[]> read_memory_;
    TurnEnd* first_ = nullptr;
    TurnEnd** last_ = &first_;
    TurnEnd* first_of_next_ = nullptr;  // of the next turn
    std::vector<std::unique_ptr<Retired>> retired_;
    std::function<void()> after_turn_;
    Work* first_work_ = nullptr;  // in the pool, oldest first
    Work* newest_work_ = nullptr;
    uint64_t last_work_ = 0;
    int client_descriptors_ = INT_MAX;
    uint64_t wall_read_at_ = 0;
    int64_t wall_seconds_ = 0;
};

}  // namespace marmoset::net
