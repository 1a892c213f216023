// What a test has queued for its mocks: each entry for so many uses. In: entries in order. Out: the one whose
// turn it is.
#pragma once

#include <deque>
#include <utility>

#include "failure.h"
#include "interface.h"

namespace cmocka {

/// An entry's uses: so many; any number but one at least (-1); any number (-2, what -1 becomes with its first
/// use).
class Uses {
  public:
    explicit Uses(int count) : count_(count) {}
    /// Counts one use; true when that was the last.
    bool use() {
        if (count_ == WILL_RETURN_ALWAYS) count_ = WILL_RETURN_ONCE;
        if (count_ > 0) --count_;
        return count_ == 0;
    }
    /// Whether the test has to use it (again). What is for no use at all can only be wanted.
    bool wanted() const { return count_ >= 0 || count_ == WILL_RETURN_ALWAYS; }
    bool usable() const { return count_ != 0; }

  private:
    int count_;
};

template <class Value>
class CountedQueue {
  public:
    struct Entry {
        Value value;
        Location declared;
        Uses uses;
    };

    void add(Value value, Location declared, int count) {
        entries_.push_back({std::move(value), declared, Uses(count)});
    }
    bool empty() const { return entries_.empty(); }
    Entry& front() { return entries_.front(); }
    /// Counts one use of the front; it goes with its last.
    void use_front() {
        if (entries_.front().uses.use()) entries_.pop_front();
    }
    /// Drops what no one has to use; what remains is a failure.
    void drop_unwanted() {
        std::erase_if(entries_, [](const Entry& entry) { return !entry.uses.wanted(); });
    }
    auto begin() const { return entries_.begin(); }
    auto end() const { return entries_.end(); }

  private:
    std::deque<Entry> entries_;
};

/// A value or call for no use at all fails the test.
inline void require_count(int count, Location declared) noexcept {
    if (count != 0) return;
    say("count != 0\n");
    fail_at(declared);
}

}  // namespace cmocka
