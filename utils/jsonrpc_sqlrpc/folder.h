// The databases there are: one file, or those below a folder. In: names that clients made up. Out: paths that
// lie where the settings say. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace marmoset::sqlrpc {

/// A path without symbolic links, to a regular file (that may be missing, if it may be made).
struct Place {
    std::string path;
    std::string name;  ///< as clients name it
};

class Folder {
  public:
    /// `dir`: may be empty, then `database` is a path and the only one. `make`: the default database is made
    /// when it is missing, readable and writable for owner and group.
    static Result<Folder> open(const std::string& dir, const std::string& database, bool make);

    /// "" is the default database. ENOENT: there is none of that name, or none that a client may name.
    Result<Place> find(std::string_view name) const;

    struct Entry {
        std::string name;
        uint64_t size = 0;  ///< bytes
        bool is_default = false;
    };
    /// Files that begin as databases do, at most `limit`, in the order of their names.
    std::vector<Entry> list(size_t limit) const;

  private:
    std::string dir_;      // real path
    std::string default_;  // name below it
    bool single_ = false;
};

}  // namespace marmoset::sqlrpc
