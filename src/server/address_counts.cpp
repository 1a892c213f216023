#include "server/address_counts.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <cerrno>
#include <new>

#include "base/bytes.h"

namespace marmoset::server {

namespace {

__extension__ typedef unsigned __int128 DoubleWord;

// Anonymous shared pages are zero, cost nothing until touched, and are what forked workers have in common.
void* map_shared(size_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

AddressCounts::AddressCounts()
    : in_use_(static_cast<std::atomic<bool>*>(map_shared(kMaxRows * sizeof *in_use_))) {
    if (!in_use_) throw std::bad_alloc();
    if (getrandom(seed_, sizeof seed_, 0) != sizeof seed_) seed_[0] = reinterpret_cast<uintptr_t>(in_use_);
}

AddressCounts::~AddressCounts() {
    for (Cell* row : rows_)
        munmap(row, kPlaces * sizeof(Cell));
    munmap(in_use_, kMaxRows * sizeof *in_use_);
}

bool AddressCounts::reserve(size_t rows) {
    for (size_t row = 0; row < rows_.size(); ++row) {
        if (!in_use_[row].load(std::memory_order_relaxed) && rows > 0) --rows;
    }
    for (; rows > 0; --rows) {
        void* memory = rows_.size() < kMaxRows ? map_shared(kPlaces * sizeof(Cell)) : nullptr;
        if (!memory) return false;
        rows_.push_back(static_cast<Cell*>(memory));
    }
    return true;
}

Result<unsigned> AddressCounts::take_row() {
    if (!reserve(1)) return Error{"no memory for the counters of one more worker", ENOMEM};
    unsigned row = 0;
    while (in_use_[row].load(std::memory_order_relaxed))
        ++row;
    in_use_[row].store(true, std::memory_order_relaxed);
    return row;
}

void AddressCounts::give_back(unsigned row) {
    in_use_[row].store(false, std::memory_order_relaxed);
    // Gives the pages back; they are zero when touched again.
    if (madvise(rows_[row], kPlaces * sizeof(Cell), MADV_REMOVE) == 0) return;
    for (size_t at = 0; at < kPlaces; ++at)
        rows_[row][at].store(0, std::memory_order_relaxed);
}

size_t AddressCounts::place(const net::Address& address) const {
    // An IPv6 network of 64 bits is one household: whoever has one has all its addresses.
    const uint64_t low =
        address.family() == net::Address::Family::Ip6 ? 0 : load<uint64_t>(address.key() + 8);
    // Multiply and fold both halves with a secret: enough to keep places from being chosen from outside.
    const auto mixed =
        static_cast<DoubleWord>(load<uint64_t>(address.key()) ^ seed_[0]) * ((low ^ seed_[1]) | 1);
    return static_cast<size_t>(static_cast<uint64_t>(mixed) ^ static_cast<uint64_t>(mixed >> 64)) % kPlaces;
}

unsigned AddressCounts::count(const net::Address& address) const {
    const size_t at = place(address);
    unsigned sum = 0;
    for (size_t row = 0; row < rows_.size(); ++row) {
        if (in_use_[row].load(std::memory_order_relaxed))
            sum += rows_[row][at].load(std::memory_order_relaxed);
    }
    return sum;
}

}  // namespace marmoset::server
