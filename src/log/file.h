// Opening of log files, for the error log and the access log alike.
#pragma once

#include <string>

#include "base/result.h"

namespace marmoset::log {

/// Opens `path` for appending, creating it with mode 0660 (less the umask). Never waits: a FIFO without a
/// reader is an error.
Result<int> open_file(const std::string& path);

/// Puts `fd` in the place of descriptor `target`, whose number stays, and closes `fd`. Both may be the same.
void replace(int target, int fd);

}  // namespace marmoset::log
