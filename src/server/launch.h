// What stands between the command line and the workers, in order: information flags, configuration, logs,
// sockets, daemon, pid file, supervisor.
#pragma once

#include "server/options.h"

namespace marmoset::server {

/// Does what the options say. Returns the exit status of the process (also of forked children).
int launch(Options options);

}  // namespace marmoset::server
