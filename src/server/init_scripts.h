// ouistiti's init_d: executables run as `script start` before the servers serve, and `script stop` at the
// end.
#pragma once

#include <string>

namespace marmoset::server {

/// Runs `path`, or every executable below it in reverse name order, with `action` and an empty environment.
/// Not waited for: the processes are reaped with the others. Problems are logged.
void run_init_scripts(const std::string& path, const char* action);

}  // namespace marmoset::server
