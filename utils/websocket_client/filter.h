// Not at a terminal: standard input becomes messages, messages become standard output.
#pragma once

#include "exchange.h"

/// Talks until both sides are through; returns the exit status.
int run_filter(const CommandLine& command_line);
