// Files that are read and written as a whole. Blocks: not for the event loop's thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace marmoset {

/// What is left to read of `fd`, the caller's. `path` is for the error's text only. EFBIG: more than
/// `largest` bytes.
Result<std::string> read_all(int fd, const std::string& path, size_t largest);
/// All of `text`, where `fd` stands. After an error part of it may be written. `path` as above.
Result<void> write_all(int fd, const std::string& path, std::string_view text);

}  // namespace marmoset
