// LIKE and GLOB (sqlite.org/lang_expr.html) that can be interrupted: SQLite's own take as many steps as the
// product of text and pattern, seconds for one call, and look at no clock meanwhile.
#pragma once

#include <sqlite3.h>

#include <functional>
#include <string_view>

namespace marmoset::sqlrpc {

enum class PatternKind : uint8_t {
    Like,  ///< % and _, letters of ASCII in either case
    Glob   ///< *, ? and [sets], byte by byte
};

enum class PatternMatch : uint8_t { No, Yes, Interrupted };

/// `escape`: a character, as text, that makes the next one of a LIKE pattern an ordinary one; empty: none.
/// `is_over` is asked every now and then.
PatternMatch match_pattern(PatternKind kind, std::string_view pattern, std::string_view text,
                           std::string_view escape, const std::function<bool()>& is_over);

/// Functions like and glob of this connection, which `is_over` must outlive. False: no memory.
bool add_patterns(sqlite3* handle, const std::function<bool()>& is_over);

}  // namespace marmoset::sqlrpc
