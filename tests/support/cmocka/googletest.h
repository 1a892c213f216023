// Groups as GoogleTest's tests. In: a group. Out: its tests registered (testing::RegisterTest) and run by
// RUN_ALL_TESTS, so that filters, repetition, shuffling, sharding and reports are GoogleTest's.
#pragma once

#include <memory>

#include "group.h"

namespace cmocka {

/// Registers and runs a group; the number of its failures. Ends the program with 255 if the group left blocks
/// behind that no group teardown could find, as CMocka does.
int run_group(std::unique_ptr<Group> group);

}  // namespace cmocka
