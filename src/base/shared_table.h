// A table of small entries that forked processes have in common: what must be known to all workers at once
// (used tickets, nonce counts, throttles, revocations). Fixed size, made before the fork, every entry with an
// end. In: keys, and changes that are made while nobody else sees the entry. Out: the entry.
//
// Keys are keyed hashes of 128 bits: no client can aim at a place, and the memory holds no secret. A key
// belongs to one set of kWays entries; each set has a lock that survives the death of a process that holds it
// (a robust mutex; the entry being written is lost then). Locks are held for some memory accesses, never
// across a system call. Processes that map the table stay in step over reloads; it ends with the last of
// them.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace marmoset {

class SharedTable {
  public:
    /// What becomes of a new entry when its set is full of entries that have not expired.
    enum class WhenFull : uint8_t {
        Refuse,  ///< it is not made: where an entry that is lost would open a door
        Forget,  ///< the one that would expire first makes room
    };
    struct Key {
        uint64_t high = 0, low = 0;
    };
    struct Entry {
        uint64_t expires_ms = 0;  ///< time of the caller's clock; 0: there is none, or it is to go
        uint64_t first = 0, second = 0;
    };

    /// Room for at least `entries`, of which half can be used before a set is full (one in ten million). 40
    /// bytes each, touched when used. Throws std::bad_alloc.
    SharedTable(size_t entries, WhenFull when_full);
    ~SharedTable();
    SharedTable(const SharedTable&) = delete;
    SharedTable& operator=(const SharedTable&) = delete;

    /// The key of a text; `kind` keeps uses of one table apart. The same in all processes.
    Key key(std::string_view kind, std::string_view text) const;

    /// Calls `change(entry)` with the entry of `key` as it is, or an empty one, while no other process sees
    /// it; what it leaves behind is kept. `now_ms`: of the clock that all users share (monotonic
    /// milliseconds). False: there is no room, and `change` was not called.
    template <typename Change>
    bool change(Key key, uint64_t now_ms, Change change) {
        Set& set = lock(key);
        Row* row = find(set, key, now_ms, true);
        if (row) {
            Entry entry = row->entry;
            change(entry);
            store(*row, key, entry);
        }
        unlock(set);
        return row != nullptr;
    }

    /// The entry if there is one.
    std::optional<Entry> get(Key key, uint64_t now_ms);

    /// A number that grows with each announce(): who keeps what it has read looks again when it has changed.
    uint64_t epoch() const { return epoch_->load(std::memory_order_acquire); }
    void announce() { epoch_->fetch_add(1, std::memory_order_acq_rel); }

    static constexpr size_t kWays = 64;

  private:
    struct Row {
        Key key;
        Entry entry;
    };
    struct Set {
        pthread_mutex_t mutex;
        Row rows[kWays];
    };

    Set& lock(Key key);
    static void unlock(Set& set) { pthread_mutex_unlock(&set.mutex); }
    /// Of a locked set. `make`: an empty row for the key if it has none.
    Row* find(Set& set, Key key, uint64_t now_ms, bool make) const;
    static void store(Row& row, Key key, const Entry& entry);

    const WhenFull when_full_;
    const size_t count_;            // of sets
    size_t size_;                   // of the mapping, bytes
    Set* sets_;                     // shared
    std::atomic<uint64_t>* epoch_;  // shared, behind the sets
    uint8_t hash_key_[32];
};

}  // namespace marmoset
