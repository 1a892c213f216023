// Frames that a client had not taken when the program closed it, without waiting: the kernel would go on
// sending what a program has written, and so does a thread here.
#pragma once

#include <cstdint>
#include <vector>

namespace marmoset::interpose {

/// Sends `rest` on `fd`, both of which it owns from now on, for 30 seconds at most, then closes it. False:
/// there are too many already, or no thread can be had; then both are the caller's still.
bool say_farewell(int fd, std::vector<uint8_t>& rest);
/// The program closes `fd`, or all from `first` to `last`, not knowing that they are ours.
void drop_farewells(unsigned first, unsigned last);
bool any_farewell();
/// The process ends: waits a second at most.
void finish_farewells();

/// Around fork(): the parent's thread is the only one.
void lock_farewells_before_fork();
void unlock_farewells_in_parent();
void drop_farewells_in_child();

}  // namespace marmoset::interpose
