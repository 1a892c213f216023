// At a terminal: lines typed are messages, lines with a slash are commands, messages are shown with a mark of
// their direction.
#pragma once

#include "exchange.h"

/// Talks until the connection has ended; returns the exit status.
int run_interactive(const CommandLine& command_line);
