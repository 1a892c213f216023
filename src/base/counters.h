// The counters of the server: a page that supervisor and workers share, one slot a worker, so that nobody
// ever waits for anybody and a count costs one addition in memory of one's own. In: what each worker counts
// in its slot. Out: sums over all of them, for the status page. The rows stand in counter.def.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/close_reason.h"

namespace marmoset {

enum class Counter : uint16_t {
#define FAMILY(name, kind, label, help)
#define COUNTER(name, family, label) name,
#include "base/counter.def"
#undef COUNTER
#undef FAMILY
    End
};
inline constexpr size_t kCounterCount = static_cast<size_t>(Counter::End);

/// Total: only grows, over the life of the server. Gauge: a present state, gone with its worker.
enum class CounterKind : uint8_t { Total, Gauge };

/// A metric: counters that differ in one label.
struct CounterFamily {
    const char* name;
    CounterKind kind;
    const char* label;  ///< "" if it has one counter
    const char* help;
};

struct CounterInfo {
    const CounterFamily* family;
    const char* label_value;  ///< reasons as in CloseReason: CamelCase
};

/// Row of the table; counters of one family stand together.
const CounterInfo& describe(Counter counter);

/// The counters of one worker. Written by that worker only, read by all.
class alignas(64) CounterSlot {
  public:
    // Where 64 bits can't be read in one piece, 32: they wrap, as a restart would, and readers of totals know
    // that.
    using Value = std::conditional_t<std::atomic<uint64_t>::is_always_lock_free, uint64_t, uint32_t>;

    /// No read-modify-write: there is one writer.
    void add(Counter counter, uint64_t count = 1) {
        std::atomic<Value>& cell = cells_[static_cast<size_t>(counter)];
        cell.store(cell.load(std::memory_order_relaxed) + static_cast<Value>(count),
                   std::memory_order_relaxed);
    }
    /// Of gauges only.
    void subtract(Counter counter) { add(counter, ~uint64_t{0}); }
    void set(Counter gauge, uint64_t value) {
        cells_[static_cast<size_t>(gauge)].store(static_cast<Value>(value), std::memory_order_relaxed);
    }
    uint64_t get(Counter counter) const {
        return cells_[static_cast<size_t>(counter)].load(std::memory_order_relaxed);
    }

    /// A connection of a client, or a websocket, has ended.
    void connection_closed(CloseReason reason) { add(of(Counter::ConnectionPeerClosed, reason)); }
    /// Counts the limit that a websocket has run into, too, if its reason names one.
    void websocket_closed(CloseReason reason);

    void clear_gauges();

  private:
    static Counter of(Counter first, CloseReason reason) {
        return static_cast<Counter>(static_cast<size_t>(first) + static_cast<size_t>(reason));
    }
    std::array<std::atomic<Value>, kCounterCount> cells_{};
};

/// All slots, in memory that forked processes share. Made before the workers are forked.
class CounterPage {
  public:
    /// Throws std::bad_alloc.
    CounterPage();
    ~CounterPage();
    CounterPage(const CounterPage&) = delete;
    CounterPage& operator=(const CounterPage&) = delete;

    /// The slot of the process that made the page.
    CounterSlot& own() { return slots_[0]; }
    /// A slot for a worker that is about to be forked; nullptr: there are kSlots workers. take() and
    /// release() are called by the process that made the page only.
    CounterSlot* take();
    /// The worker has ended: its gauges are cleared, its totals stay, the slot serves the next one.
    void release(CounterSlot& slot);

    /// Over all slots. Concurrent counting may or may not be in it.
    uint64_t sum(Counter counter) const;

  private:
    static constexpr size_t kSlots = 4096;  // untouched ones cost address space only
    CounterSlot* slots_;
    std::atomic<uint32_t>* used_;  // behind the slots: slots below it have been in use
    std::array<bool, kSlots> taken_{};
};

}  // namespace marmoset
