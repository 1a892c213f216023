// Random bytes of the kernel's generator. Any thread.
#pragma once

#include "base/bytes.h"

namespace marmoset {

/// Fills `out`. There is no failure to handle: a kernel without a generator ends the program.
void random_bytes(MutableBytes out);

}  // namespace marmoset
