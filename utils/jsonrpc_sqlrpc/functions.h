// SQLite's functions that compare a text with another at each of its places: its own take as many steps as
// the product of their lengths, and nothing interrupts a function; these take about their sum.
#pragma once

#include <sqlite3.h>

namespace marmoset::sqlrpc {

/// instr, replace, trim, ltrim and rtrim of this connection. False: no memory.
bool add_functions(sqlite3* handle);

}  // namespace marmoset::sqlrpc
