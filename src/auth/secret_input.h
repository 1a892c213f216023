// Secrets as people and scripts give them to tools: never on a command line, which everybody on the machine
// can read. In: a terminal, a pipe, a file. Out: the text.
#pragma once

#include <string>

#include "base/result.h"

namespace marmoset::auth {

constexpr size_t kLargestSecretFile = 65536;  ///< bytes

/// At a terminal asks with `prompt` and shows nothing of what is typed; interrupted, the terminal is as
/// before. From a pipe or file takes the next line of standard input. Without the line end.
Result<std::string> read_password(const char* prompt);
/// At a terminal a second time, which must be the same.
Result<std::string> read_new_password();

/// The content of a file without the line end at its end; «-» is standard input.
Result<std::string> read_secret_file(const std::string& path);

}  // namespace marmoset::auth
