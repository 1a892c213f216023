#include "base/shared_table.h"

#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/random.h"

namespace marmoset {

SharedTable::SharedTable(size_t entries, WhenFull when_full)
    : when_full_(when_full),
      count_((entries + kWays - 1) / kWays),
      size_(count_ * sizeof(Set) + sizeof(std::atomic<uint64_t>)) {
    // Zero, which is what rows and atomics begin with.
    void* memory =
        mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    sets_ = static_cast<Set*>(memory);
    epoch_ = reinterpret_cast<std::atomic<uint64_t>*>(sets_ + count_);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    for (size_t i = 0; i < count_; ++i)
        pthread_mutex_init(&sets_[i].mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    random_bytes(hash_key_);
}

SharedTable::~SharedTable() {
    munmap(sets_, size_);  // other processes may still use it: the mutexes are not destroyed
}

SharedTable::Key SharedTable::key(std::string_view kind, std::string_view text) const {
    const std::string_view secret(reinterpret_cast<const char*>(hash_key_), sizeof hash_key_);
    const std::string hash = hmac(DigestAlgorithm::Sha256, secret, {kind, std::string_view("\0", 1), text});
    const auto* bytes = reinterpret_cast<const uint8_t*>(hash.data());
    return {load<uint64_t>(bytes), load<uint64_t>(bytes + 8)};
}

SharedTable::Set& SharedTable::lock(Key key) {
    Set& set = sets_[key.high % count_];
    // Its holder died: rows are written so that what it left is whole, or counts as none.
    if (pthread_mutex_lock(&set.mutex) == EOWNERDEAD) pthread_mutex_consistent(&set.mutex);
    return set;
}

SharedTable::Row* SharedTable::find(Set& set, Key key, uint64_t now_ms, bool make) const {
    Row* free = nullptr;
    Row* oldest = nullptr;
    for (Row& row : set.rows) {
        if (row.entry.expires_ms <= now_ms) {
            if (!free) free = &row;
            continue;
        }
        if (row.key.high == key.high && row.key.low == key.low) return &row;
        if (!oldest || row.entry.expires_ms < oldest->entry.expires_ms) oldest = &row;
    }
    if (!make) return nullptr;
    if (!free && when_full_ == WhenFull::Forget) free = oldest;
    if (free) free->entry = {};
    return free;
}

void SharedTable::store(Row& row, Key key, const Entry& entry) {
    // Whoever dies in between leaves a row that has expired.
    auto& expires = row.entry.expires_ms;
    std::atomic_ref(expires).store(0, std::memory_order_release);
    row.key = key;
    row.entry.first = entry.first;
    row.entry.second = entry.second;
    std::atomic_ref(expires).store(entry.expires_ms, std::memory_order_release);
}

std::optional<SharedTable::Entry> SharedTable::get(Key key, uint64_t now_ms) {
    Set& set = lock(key);
    const Row* row = find(set, key, now_ms, false);
    std::optional<Entry> entry;
    if (row) entry = row->entry;
    unlock(set);
    return entry;
}

}  // namespace marmoset
