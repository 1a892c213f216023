// How many clients each address holds, over all workers of all generations: shared memory, written without
// locks. One row of counters a worker, so that a worker that crashes is forgotten by clearing its row.
// Addresses are hashed with a seed of this start into 65,536 places; two that share a place share a count,
// which no client can aim at and which only matters near the limit.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace marmoset::server {

class AddressCounts {
  public:
    /// Throws std::bad_alloc.
    AddressCounts();
    ~AddressCounts();
    AddressCounts(const AddressCounts&) = delete;
    AddressCounts& operator=(const AddressCounts&) = delete;

    /// Makes room for so many more workers. Who was forked before counts only the clients of rows that were
    /// there then, so this comes before the first of those that accept side by side. False: no memory.
    bool reserve(size_t rows);
    /// A row for a worker that is to be forked.
    Result<unsigned> take_row();
    /// The worker has ended: its clients are gone, the row is free.
    void give_back(unsigned row);

    /// Clients of the address in all workers.
    unsigned count(const net::Address& address) const;
    void add(unsigned row, const net::Address& address) {
        rows_[row][place(address)].fetch_add(1, std::memory_order_relaxed);
    }
    void remove(unsigned row, const net::Address& address) {
        rows_[row][place(address)].fetch_sub(1, std::memory_order_relaxed);
    }

  private:
    static constexpr size_t kPlaces = 65536;
    static constexpr size_t kMaxRows = 16384;
    using Cell = std::atomic<uint32_t>;
    size_t place(const net::Address& address) const;

    std::vector<Cell*> rows_;
    std::atomic<bool>* in_use_;  // by row; shared: rows that are free are not looked at
    uint64_t seed_[2];
};

}  // namespace marmoset::server
