#include "tls/ticket_keys.h"

#include <pthread.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace marmoset::tls {

struct TicketKeys::Shared {
    struct Entry {
        TicketKey key;
        uint64_t made_s;
        bool valid;
    };
    pthread_mutex_t mutex;
    bool initialised;  // written before any fork
    Entry newest, before;
};

/// Held for some instructions. Robust: a worker may be killed anywhere; then nobody knows how far it was, and
/// the keys are made anew.
class TicketKeys::Lock {
  public:
    explicit Lock(Shared& shared) : shared_(shared) {
        if (pthread_mutex_lock(&shared.mutex) != EOWNERDEAD) return;
        explicit_bzero(&shared.newest, sizeof shared.newest);
        explicit_bzero(&shared.before, sizeof shared.before);
        pthread_mutex_consistent(&shared.mutex);
    }
    ~Lock() { pthread_mutex_unlock(&shared_.mutex); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    Shared& shared_;
};

size_t TicketKeys::shared_size() {
    return sizeof(Shared);
}

TicketKeys::Shared& TicketKeys::shared() const {
    return *static_cast<Shared*>(memory_->data());
}

TicketKeys::TicketKeys(std::shared_ptr<SharedMemory> memory, uint64_t lifetime_s)
    : memory_(std::move(memory)), lifetime_s_(lifetime_s) {
    if (shared().initialised) return;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&shared().mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    shared().initialised = true;
}

uint64_t TicketKeys::now_s() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<uint64_t>(now.tv_sec);
}

bool TicketKeys::rotate(Shared& shared, uint64_t now_s) const {
    const auto is_older = [now_s](const Shared::Entry& entry, uint64_t seconds) {
        return entry.valid && now_s >= entry.made_s + seconds;
    };
    if (is_older(shared.before, 2 * lifetime_s_)) explicit_bzero(&shared.before, sizeof shared.before);
    if (shared.newest.valid && !is_older(shared.newest, lifetime_s_)) return true;
    Shared::Entry next{};
    if (getrandom(&next.key, sizeof next.key, 0) != static_cast<ssize_t>(sizeof next.key)) return false;
    next.made_s = now_s;
    next.valid = true;
    if (is_older(shared.newest, 2 * lifetime_s_)) explicit_bzero(&shared.newest, sizeof shared.newest);
    shared.before = shared.newest;
    shared.newest = next;
    explicit_bzero(&next, sizeof next);
    return true;
}

bool TicketKeys::newest(TicketKey& key, uint64_t now_s) {
    const Lock lock(shared());
    if (!rotate(shared(), now_s)) return false;
    key = shared().newest.key;
    return true;
}

bool TicketKeys::find(Bytes name, TicketKey& key, bool& replaced, uint64_t now_s) {
    const Lock lock(shared());
    rotate(shared(), now_s);
    for (const Shared::Entry* entry : {&shared().newest, &shared().before}) {
        if (!entry->valid || name.size() != entry->key.name.size() ||
            std::memcmp(name.data(), entry->key.name.data(), name.size()) != 0) {
            continue;
        }
        key = entry->key;
        replaced = entry != &shared().newest;
        return true;
    }
    return false;
}

}  // namespace marmoset::tls
