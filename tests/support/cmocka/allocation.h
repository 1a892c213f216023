// Blocks of test_malloc. In: calls from code under test. Out: failures for leaks, and for bytes written
// beside a block.
#pragma once

#include <cstdint>

#include "failure.h"

namespace cmocka {

/// A moment in the order of allocations.
using Checkpoint = std::uint64_t;
Checkpoint allocation_checkpoint() noexcept;

/// Blocks that were allocated since and still live.
bool blocks_since(Checkpoint checkpoint) noexcept;
/// Says which live and frees them, up to one whose neighbourhood was overwritten. name: the function that
/// leaked. The place of the first block, or with has_line set to true of the overwritten one.
Location leaked_since(Checkpoint checkpoint, const char* name, bool& has_line) noexcept;

}  // namespace cmocka
