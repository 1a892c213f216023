// The text of a configuration file before libconfig sees it. In: a path. Out: one text with its `@include`s
// put in place, and for each line of it the file and line it came from.
// libconfig 1.5 could include by itself, but it exits the process on an unreadable include, and it wraps
// integers beyond 32 bits around without a word: `port = 4294967376` would listen on port 80.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace marmoset::config {

/// Where a setting was written. Settings of a Document carry one as libconfig's hook.
struct Location {
    const char* file;
    unsigned line;
};

struct Source {
    std::string text;
    std::vector<Location> lines;                      ///< of line N of `text`: lines[N - 1]
    std::vector<std::unique_ptr<std::string>> files;  ///< what the locations point to

    /// The location of line `line` of `text`; the last one beyond the end.
    const Location& location(unsigned line) const;
};

/// Reads `path`. An include is looked for from the working directory, as libconfig does, then from the folder
/// of the file that includes it. Integers that need more than 32 bits get libconfig's suffix `L`. Errors:
/// "open FILE: ..." for `path` itself, else "file:line: what".
Result<Source> read_source(const std::string& path);

}  // namespace marmoset::config
