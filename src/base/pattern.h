// ouistiti's pattern lists (allow, deny, mime ext, origins ...): alternatives split by ',', `^` fixes the
// start, `$` the end, `*` floats. Time at most length of text times length of pattern: no backtracking engine
// meets client data. Difference to ouistiti: a floating pattern retries after a false start, so ".php"
// matches "/a.b.php".
#pragma once

#include <string_view>

namespace marmoset {

/// What an alternative matched; `rest` is the text at the last `*` (path_info, redirect suffix).
struct PatternMatch {
    bool matched = false;
    std::string_view rest;  ///< into the text; empty when the alternative has no `*`
};

enum class Case { Sensitive, Insensitive };

/// First alternative of `list` that matches `text`. `^` anchors at the first character of `text`. As in
/// ouistiti text may go on after a pattern without `$`, and "*" matches anything, the empty text too. An
/// empty list, an empty alternative
/// ("a,,b", "a,") and one of anchors alone never match. `^` elsewhere than first, `$` elsewhere than last are
/// themselves.
PatternMatch match_pattern_list(std::string_view list, std::string_view text,
                                Case sensitivity = Case::Sensitive);

/// Whether `list` lets what has the path `name` answer for `path`: one of its alternatives matches `name`, or
/// it matches `path` and spells out that it begins with `name` and a '/'. For servers that take any path
/// behind their own: ".css" in a list means files, and not each server that is asked for "/server/x.css".
bool match_server_path(std::string_view list, std::string_view name, std::string_view path);

/// The access rule of every group that has allow, deny and denylast. An absent key is an empty string; a deny
/// of nothing but commas is absent too.
struct AccessRule {
    std::string_view allow;
    std::string_view deny;
    bool deny_last = false;

    /// (1) a deny alternative other than the bare `*` that matches refuses; (2) a match with allow accepts;
    /// (3) a bare `*` in deny, or no deny where allow is given, refuses; (4) else accept.
    /// With deny_last, (2) comes before (1).
    bool permits(std::string_view path) const;
};

}  // namespace marmoset
