// SQLite's values as JSON and back (conf/jsonrpc-methods.md, «Values»).
#pragma once

#include <jansson.h>
#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace marmoset::sqlrpc {

/// Whole numbers that a double does not hold exactly.
enum class LargeIntegers : uint8_t {
    Numbers,  ///< numbers as all others: readers of more than 53 bits see them right
    Marked    ///< {"integer": "…"}: for scripts in browsers
};

/// A column of the current row; a new value. NULL: no memory.
json_t* column_value(sqlite3_stmt* statement, int column, LargeIntegers large);
/// Bytes that the column counts in an answer.
uint64_t column_size(sqlite3_stmt* statement, int column);

/// Gives all placeholders of a statement their values: `params` is null, an array or an object. EINVAL: the
/// text says which does not fit; no placeholder is left without.
Result<void> bind_values(sqlite3_stmt* statement, const json_t* params);

}  // namespace marmoset::sqlrpc
