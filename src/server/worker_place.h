// Where a worker stands among the others: its number, and what it counts in.
#pragma once

#include "base/counters.h"

namespace marmoset::server {

/// A worker among the others of its configuration.
struct WorkerPlace {
    unsigned number = 0;  ///< 0 … count - 1
    unsigned count = 1;
    unsigned row = 0;                       ///< of the address counts
    const CounterPage* counters = nullptr;  ///< of all workers; outlives the worker
    CounterSlot* slot = nullptr;            ///< what it counts in; null: nothing that others see
};

}  // namespace marmoset::server
