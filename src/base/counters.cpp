#include "base/counters.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace marmoset {

namespace {

enum FamilyIndex : uint8_t {
#define FAMILY(name, kind, label, help) k_##name,
#define COUNTER(name, family, label)
#include "base/counter.def"
#undef COUNTER
#undef FAMILY
};

constexpr CounterFamily kFamilies[] = {
#define FAMILY(name, kind, label, help) {#name, CounterKind::kind, label, help},
#define COUNTER(name, family, label)
#include "base/counter.def"
#undef COUNTER
#undef FAMILY
};

constexpr CounterInfo kCounters[] = {
#define FAMILY(name, kind, label, help)
#define COUNTER(name, family, label) {&kFamilies[k_##family], label},
#include "base/counter.def"
#undef COUNTER
#undef FAMILY
};

// The limit that ends a websocket with that reason; End: none.
Counter limit_of(CloseReason reason) {
    switch (reason) {
        case CloseReason::SendTimeout:
            return Counter::LimitSendTimeout;
        case CloseReason::MessageTooBig:
            return Counter::LimitMaxMessage;
        case CloseReason::TooManyFragments:
            return Counter::LimitMaxFragments;
        case CloseReason::Overflow:
            return Counter::LimitQueue;
        case CloseReason::PingTimeout:
            return Counter::LimitPing;
        case CloseReason::MemoryLimit:
            return Counter::LimitMaxMemory;
        default:
            return Counter::End;
    }
}

constexpr size_t page_size(size_t slots) {
    return slots * sizeof(CounterSlot) + sizeof(std::atomic<uint32_t>);
}

}  // namespace

const CounterInfo& describe(Counter counter) {
    return kCounters[static_cast<size_t>(counter)];
}

void CounterSlot::websocket_closed(CloseReason reason) {
    add(of(Counter::WebsocketPeerClosed, reason));
    if (const Counter limit = limit_of(reason); limit != Counter::End) add(limit);
}

void CounterSlot::clear_gauges() {
    for (size_t i = 0; i < kCounterCount; ++i) {
        const auto counter = static_cast<Counter>(i);
        if (describe(counter).family->kind == CounterKind::Gauge) set(counter, 0);
    }
}

CounterPage::CounterPage() {
    // Anonymous shared memory is zero, which is what both kinds of atomics begin with.
    void* memory = mmap(nullptr, page_size(kSlots), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    slots_ = static_cast<CounterSlot*>(memory);
    used_ = reinterpret_cast<std::atomic<uint32_t>*>(slots_ + kSlots);
    used_->store(1, std::memory_order_relaxed);
    taken_[0] = true;
}

CounterPage::~CounterPage() {
    munmap(slots_, page_size(kSlots));
}

CounterSlot* CounterPage::take() {
    const auto free = std::find(taken_.begin(), taken_.end(), false);
    if (free == taken_.end()) return nullptr;
    *free = true;
    const auto index = static_cast<uint32_t>(free - taken_.begin());
    if (used_->load(std::memory_order_relaxed) <= index) used_->store(index + 1, std::memory_order_relaxed);
    return &slots_[index];
}

void CounterPage::release(CounterSlot& slot) {
    slot.clear_gauges();
    taken_[static_cast<size_t>(&slot - slots_)] = false;
}

uint64_t CounterPage::sum(Counter counter) const {
    uint64_t sum = 0;
    const uint32_t used = used_->load(std::memory_order_relaxed);
    for (uint32_t i = 0; i < used; ++i)
        sum += slots_[i].get(counter);
    return sum;
}

}  // namespace marmoset
