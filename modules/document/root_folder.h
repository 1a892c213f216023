// The docroot: opens what lies in it and nothing else, whatever symbolic links say. In: paths relative to it.
// Out: descriptors. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace marmoset::document {

/// What symbolic links may do. An absolute link is an escape even when it points back inside.
enum class Symlinks : uint8_t { Beneath, None };

class RootFolder {
  public:
    /// How names are resolved: by openat2(2), or by a walk from folder to folder that follows no link at all,
    /// for kernels before 5.6 and sandboxes that forbid openat2.
    enum class Method : uint8_t { Openat2, Walk };

    RootFolder() = default;
    /// Opens the folder itself (O_PATH: no permission to list it is needed); links in its own path are
    /// followed.
    static Result<RootFolder> open(const std::string& path, Symlinks symlinks);
    /// The same with a chosen method.
    static Result<RootFolder> open(const std::string& path, Symlinks symlinks, Method method);

    /// Opens `path` (relative; "" is the folder itself; a final '/' demands a folder) with open(2)'s `flags`.
    /// The descriptor, or -errno: -EXDEV or -ELOOP when a link was refused.
    int open_beneath(const std::string& path, int flags) const;

    Method method() const { return method_; }

  private:
    int open_at_once(const std::string& path, int flags) const;
    int open_by_walk(const std::string& path, int flags) const;

    FileDescriptor folder_;
    Symlinks symlinks_ = Symlinks::Beneath;
    Method method_ = Method::Openat2;
};

}  // namespace marmoset::document
