// Each component of a name is opened in the folder before it, and none may be a link: a name never leads out.
// The path that comes of it has no links either, and SQLite is told to follow none.
#include "folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/file_descriptor.h"

namespace marmoset::sqlrpc {

namespace {

constexpr unsigned kMostFolders = 8;  // deep
constexpr char kMagic[] = "SQLite format 3";

// Journals are opened by SQLite beside their database, never by name.
bool may_be_named(std::string_view component) {
    if (component.empty() || component[0] == '.' || component.find('\0') != std::string_view::npos)
        return false;
    for (const std::string_view ending : {"-journal", "-wal", "-shm"}) {
        if (component.ends_with(ending)) return false;
    }
    return component.size() <= NAME_MAX;
}

Result<std::string> real_path(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    if (!real) return errno_error("open", path, errno);
    return std::string(real.get());
}

// The last component of a path, and what is before it.
void split(const std::string& path, std::string& folder, std::string& name) {
    const size_t slash = path.rfind('/');
    folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    name = slash == std::string::npos ? path : path.substr(slash + 1);
}

// Regular, and no link.
bool is_file(int folder, const std::string& name, struct stat& status) {
    return ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

FileDescriptor open_folder(int parent, const std::string& name, int flags) {
    return FileDescriptor(::openat(parent, name.c_str(), flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool begins_as_database(int folder, const std::string& name, const struct stat& status) {
    if (status.st_size == 0) return true;  // SQLite writes the first page with the first table
    const FileDescriptor file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    char head[sizeof kMagic];
    return file && ::pread(file.get(), head, sizeof head, 0) == static_cast<ssize_t>(sizeof head) &&
           std::memcmp(head, kMagic, sizeof head) == 0;
}

struct CloseFolder {
    void operator()(DIR* stream) const { ::closedir(stream); }
};

void collect(int parent, const std::string& prefix, unsigned depth, size_t limit,
             std::vector<Folder::Entry>& entries) {
    FileDescriptor self = open_folder(parent, ".", O_RDONLY);
    if (!self) return;
    const std::unique_ptr<DIR, CloseFolder> stream(::fdopendir(self.get()));
    if (!stream) return;
    const int folder = self.release();
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string name = entry->d_name;
        struct stat status {};
        if (!may_be_named(name) || ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(status.st_mode) && depth > 1) {
            const FileDescriptor child = open_folder(folder, name, O_PATH);
            if (child) collect(child.get(), prefix + name + "/", depth - 1, limit, entries);
        } else if (S_ISREG(status.st_mode) && begins_as_database(folder, name, status)) {
            entries.push_back({prefix + name, static_cast<uint64_t>(status.st_size), false});
        }
        if (entries.size() >= limit) return;
    }
}

Result<void> make_file(const std::string& path) {
    // SQLite would make it readable for everybody; its journals get the mode of this.
    const FileDescriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660));
    if (!made && errno != EEXIST) return errno_error("open", path, errno);
    if (made && ::fchmod(made.get(), 0660) != 0) return errno_error("chmod", path, errno);
    return {};
}

Error missing(std::string_view name) {
    return Error{"there is no database «" + std::string(name) + "»", ENOENT};
}

}  // namespace

Result<Folder> Folder::open(const std::string& dir, const std::string& database, bool make) {
    Folder folder;
    std::string path = dir;
    folder.default_ = database;
    folder.single_ = dir.empty();
    if (folder.single_) split(database, path, folder.default_);
    auto real = real_path(path);
    if (!real) return real.error();
    folder.dir_ = *real;
    if (folder.default_.empty()) return folder;
    if (make) {
        if (auto made = make_file(folder.dir_ + "/" + folder.default_); !made) return made.error();
    }
    if (auto found = folder.find({}); !found)
        return Error{folder.dir_ + "/" + folder.default_ + ": no database, or not to be named by clients",
                     ENOENT};
    return folder;
}

Result<Place> Folder::find(std::string_view name) const {
    std::string wanted(name.empty() ? std::string_view(default_) : name);
    if (wanted.starts_with(dir_ + "/")) wanted.erase(0, dir_.size() + 1);  // as ouistiti names them
    if (wanted.empty() || (single_ && wanted != default_)) return missing(name);
    FileDescriptor folder(::open(dir_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return errno_error("open", dir_, errno);
    size_t start = 0;
    for (unsigned depth = 0; depth < kMostFolders; ++depth) {
        const size_t slash = wanted.find('/', start);
        const std::string component =
            wanted.substr(start, slash == std::string::npos ? slash : slash - start);
        if (!may_be_named(component)) return missing(name);
        if (slash == std::string::npos) {
            struct stat status {};
            if (!is_file(folder.get(), component, status)) return missing(name);
            return Place{dir_ + "/" + wanted, wanted};
        }
        folder = open_folder(folder.get(), component, O_PATH);
        if (!folder) return missing(name);
        start = slash + 1;
    }
    return missing(name);
}

std::vector<Folder::Entry> Folder::list(size_t limit) const {
    std::vector<Entry> entries;
    struct stat status {};
    if (single_) {
        if (::stat((dir_ + "/" + default_).c_str(), &status) == 0)
            entries.push_back({default_, static_cast<uint64_t>(status.st_size), true});
        return entries;
    }
    const FileDescriptor folder(::open(dir_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (folder) collect(folder.get(), "", kMostFolders, limit, entries);
    for (Entry& entry : entries)
        entry.is_default = entry.name == default_;
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
}

}  // namespace marmoset::sqlrpc
