// Looks at the disk. Runs in the thread pool: whatever here may block. In: a path of a request. Out: a
// Resource.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mime.h"
#include "resource.h"
#include "root_folder.h"

namespace marmoset::document {

/// allow, deny, denylast as an instance owns them.
struct AccessSettings {
    std::string allow;
    std::string deny;
    bool deny_last = false;

    bool permits(std::string_view path) const;
    /// True if a pattern other than the bare `*` of deny refuses the path (and allow does not overrule it).
    /// An index that may not be asked for by name must not come out through its folder either, while `allow =
    /// "^/$"` is enough to serve it.
    bool refuses_by_name(std::string_view path) const;
};

struct LoaderSettings {
    RootFolder root;
    AccessSettings access;
    std::vector<std::string> index;  ///< names tried in a folder, in order
    MimeTypes types;
    FieldStyle style;
    bool precompressed = true;
    size_t memory_limit = 1 << 20;  ///< larger files stay open instead of being read into memory
    bool keep_in_memory = true;     ///< false: all do
};

/// What is known of a path already, so that an unchanged file is not read again.
struct Previous {
    std::string file_path;
    std::array<FileIdentity, kEncodings> identities;
};

class Loader {
  public:
    explicit Loader(LoaderSettings settings) : settings_(std::move(settings)) {}

    /// Looks at `path` (of a request: decoded, begins with '/'). nullopt: it still is `previous`, nothing was
    /// read. `now`: seconds, as Date tells them, so that no Last-Modified is later (RFC 9110 8.8.2.1). The
    /// new Resource is the caller's alone, so its (not atomic) count may be touched in this thread.
    std::optional<Ref<Resource>> load(const std::string& path, const Previous* previous, int64_t now) const;

    const LoaderSettings& settings() const { return settings_; }

  private:
    struct Found;
    Found resolve(const std::string& path) const;
    void find_index(const std::string& path, Found& found) const;
    void find_neighbours(Found& found) const;
    Ref<Resource> read(const std::string& path, const Found& found, int64_t now) const;
    int look(const std::string& path, mode_t& mode, FileIdentity& identity) const;
    int read_file(const std::string& path, Encoding encoding, int64_t now, Ref<File>& out) const;

    LoaderSettings settings_;
};

}  // namespace marmoset::document
