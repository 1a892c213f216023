// A configuration as read: the main file and the files of config_d, kept with their lines. Checks them
// against key tables. In: paths. Out: Sections, and every error and warning as one line each.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/section.h"

struct config_t;  // libconfig

namespace marmoset::config {

/// Collected messages of a check, in file order: "file:line: path.key: text".
struct Diagnostics {
    std::vector<std::string> errors;
    std::vector<std::string> warnings;
};

/// Finds the table of a group that a module owns (a child of `servers` entries and of vhosts). Returns false
/// when no module of this build has that name.
using ModuleKeys = std::function<bool(std::string_view group, std::span<const Key>& keys)>;

class Document {
  public:
    ~Document();
    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;

    /// Reads `path` and what its config_d names (a file, or a folder's *.conf in name order; relative to the
    /// server's working directory as in ouistiti; a missing one is a warning). Error: a syntax error as
    /// "file:line: text", or the errno.
    static Result<Document> load(const std::string& path, Diagnostics& diagnostics);

    /// Checks all files: types, ranges, choices are errors; unknown keys are warnings with the nearest known
    /// key
    /// ("did you mean"), or errors when the file sets `strict = true`. A group of ouistiti that this build
    /// has no module for: an error when leaving it out would open something (auth, tls, userfilter,
    /// clientfilter, methodlock), else a warning.
    void check(const ModuleKeys& module_keys, Diagnostics& diagnostics) const;

    Section global() const;                ///< the main file's top level
    std::vector<Section> servers() const;  ///< `servers` (or `server`) of all files, main file first

  private:
    Document();
    struct File;
    std::vector<std::unique_ptr<File>> files_;
};

/// The tables of the core: top level and `servers` entries (without module groups).
std::span<const Key> global_keys();
std::span<const Key> server_keys();

/// A module's group for describe_configuration.
struct ModuleTable {
    std::string_view group;
    std::span<const Key> keys;
};

/// A table as commented configuration text that loads again: keys with a default stand as such, the others as
/// comments.
std::string describe(std::span<const Key> keys, unsigned indent);

/// The whole of --help-config: the core tables, with the modules' groups inside the `servers` entry.
std::string describe_configuration(std::span<const ModuleTable> modules);

/// "libconfig 1.5": what reads the files.
const char* library_version();

}  // namespace marmoset::config
