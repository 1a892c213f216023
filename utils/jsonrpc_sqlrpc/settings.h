// What -C says to sqlrpc. In: the text. Out: settings, or what is wrong with them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace marmoset::sqlrpc {

struct Settings {
    std::string dir;       ///< databases are below it; empty: there is only `database`
    std::string database;  ///< the one that is meant when none is named; a path, or a name below `dir`
    bool write = false;    ///< statements may change databases
    std::vector<std::string> groups{"root"};  ///< who may ask; "*": everybody
    uint64_t timeout_ms = 5000;               ///< of one call
    uint64_t rows = 1000;                     ///< in one answer at most
    uint64_t size = 1u << 20;                 ///< bytes of values in one answer, and of one value
    uint64_t memory = 64u << 20;              ///< bytes that the statements of one connection may use
    uint64_t cursor_ms = 600'000;             ///< how long a cursor lives, however often it is asked
    uint64_t heap = 1u << 30;                 ///< bytes of all statements and cursors of one process
    uint64_t threads = 32;                    ///< clients whose statements run at once, in one process
};

Result<Settings> parse_settings(std::string_view text);

}  // namespace marmoset::sqlrpc
