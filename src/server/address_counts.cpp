#include "server/address_counts.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <new>

#include "base/bytes.h"

namespace marmoset::server {

__extension__ typedef unsigned __int128 DoubleWord;

AddressCounts::AddressCounts(unsigned workers) : workers_(workers) {
    // Anonymous shared pages are zero, cost nothing until touched, and are what forked workers have in
    // common.
    void* memory = mmap(nullptr, workers * kPlaces * sizeof(Cell), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    cells_ = static_cast<Cell*>(memory);
    if (getrandom(seed_, sizeof seed_, 0) != sizeof seed_) seed_[0] = reinterpret_cast<uintptr_t>(memory);
}

AddressCounts::~AddressCounts() {
    munmap(cells_, workers_ * kPlaces * sizeof(Cell));
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
    for (unsigned worker = 0; worker < workers_; ++worker)
        sum += cell(worker, at).load(std::memory_order_relaxed);
    return sum;
}

void AddressCounts::clear(unsigned worker) {
    for (size_t at = 0; at < kPlaces; ++at) {
        Cell& counter = cell(worker, at);
        if (counter.load(std::memory_order_relaxed) != 0) counter.store(0, std::memory_order_relaxed);
    }
}

}  // namespace marmoset::server
