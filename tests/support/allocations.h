// Counts allocations of the calling thread: malloc and all that ends in it (operator new, libuv, C
// libraries). For tests that assert how many a path costs.
#pragma once

#include <cstdint>

namespace marmoset::test {

/// Allocations (malloc, calloc, realloc) of this thread since it began.
uint64_t allocations();

}  // namespace marmoset::test
