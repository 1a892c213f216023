// How many clients each address holds, over all workers: shared memory, written without locks. One row of
// counters a worker, so that a worker that crashes is forgotten by clearing its row. Addresses are hashed
// with a seed of this start into 65,536 places; two that share a place share a count, which no client can aim
// at and which only matters near the limit.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "net/address.h"

namespace marmoset::server {

class AddressCounts {
  public:
    /// For `workers` rows; made before the workers are forked. Throws std::bad_alloc.
    explicit AddressCounts(unsigned workers);
    ~AddressCounts();
    AddressCounts(const AddressCounts&) = delete;
    AddressCounts& operator=(const AddressCounts&) = delete;

    /// Clients of the address in all workers.
    unsigned count(const net::Address& address) const;
    void add(unsigned worker, const net::Address& address) {
        cell(worker, place(address)).fetch_add(1, std::memory_order_relaxed);
    }
    void remove(unsigned worker, const net::Address& address) {
        cell(worker, place(address)).fetch_sub(1, std::memory_order_relaxed);
    }
    /// The worker has died: its clients are gone.
    void clear(unsigned worker);

  private:
    static constexpr size_t kPlaces = 65536;
    using Cell = std::atomic<uint32_t>;
    size_t place(const net::Address& address) const;
    Cell& cell(unsigned worker, size_t place) const { return cells_[worker * kPlaces + place]; }

    Cell* cells_;
    unsigned workers_;
    uint64_t seed_[2];
};

}  // namespace marmoset::server
