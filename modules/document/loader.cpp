// Path to file: index, precompressed neighbours, content. In: a request's path. Out: a Resource, complete.
//
// Two steps: resolve() looks with O_PATH, which touches neither FIFO nor device, then only regular files are
// opened and read.
#include "loader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/pattern.h"

namespace marmoset::document {

namespace {

constexpr int64_t kSecond = 1'000'000'000;
// Time stamps move in ticks of the kernel (at most 10 ms): a younger file may change again without looking
// different.
constexpr int64_t kTick = 50'000'000;
constexpr int kReadAttempts = 3;

int64_t wall_nanoseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
}

/// True if the compressed neighbour is of this version of the original. Tools that copy the time stamp keep
/// whole seconds only.
bool is_up_to_date(const FileIdentity& neighbour, const FileIdentity& original) {
    if (neighbour.modified_ns % kSecond == 0) {
        return neighbour.modified_ns / kSecond >= original.modified_ns / kSecond;
    }
    return neighbour.modified_ns >= original.modified_ns;
}

/// Reads `size` bytes. 0, an errno, or EAGAIN: the file became shorter.
int read_all(int fd, size_t size, std::unique_ptr<uint8_t[]>& content) {
    content.reset(new uint8_t[size + 1]);  // + 1: an empty file has content too
    size_t done = 0;
    while (done < size) {
        const ssize_t count = ::pread(fd, content.get() + done, size - done, static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        if (count == 0) return EAGAIN;
        done += static_cast<size_t>(count);
    }
    return 0;
}

bool is_resource_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN;
}

}  // namespace

struct Loader::Found {
    Resource::Kind kind = Resource::Kind::Missing;
    int error = 0;          ///< errno of what was refused
    std::string file_path;  ///< of Kind::File, begins with '/'
    std::array<FileIdentity, kEncodings> identities;
};

bool AccessSettings::permits(std::string_view path) const {
    return AccessRule{allow, deny, deny_last}.permits(path);
}

bool AccessSettings::refuses_by_name(std::string_view path) const {
    if (AccessRule{"*", deny, false}.permits(path)) return false;
    return !deny_last || !match_pattern_list(allow, path).matched;
}

std::optional<Ref<Resource>> Loader::load(const std::string& path, const Previous* previous,
                                          int64_t now) const {
    const Found found = resolve(path);
    if (previous && found.kind == Resource::Kind::File && found.file_path == previous->file_path &&
        found.identities == previous->identities) {
        return std::nullopt;
    }
    return read(path, found, now);
}

int Loader::look(const std::string& path, mode_t& mode, FileIdentity& identity) const {
    const int fd = settings_.root.open_beneath(path.substr(1), O_PATH);
    if (fd < 0) return -fd;
    const FileDescriptor owner(fd);
    struct stat status {};
    if (::fstat(fd, &status) != 0) return errno;
    mode = status.st_mode;
    identity = FileIdentity(status);
    return 0;
}

Loader::Found Loader::resolve(const std::string& path) const {
    Found found;
    mode_t mode = 0;
    FileIdentity identity;
    found.error = look(path, mode, identity);
    if (found.error == EACCES || found.error == EPERM) {
        found.kind = Resource::Kind::Forbidden;
    } else if (is_resource_shortage(found.error)) {
        found.kind = Resource::Kind::Failed;
    }
    if (found.error != 0) return found;
    if (S_ISDIR(mode)) {
        if (path.ends_with('/')) {
            find_index(path, found);
        } else {
            found.kind = Resource::Kind::Folder;
        }
    } else if (S_ISREG(mode)) {
        found.kind = Resource::Kind::File;
        found.file_path = path;
        found.identities[0] = identity;
    }
    if (found.kind == Resource::Kind::File && settings_.precompressed) find_neighbours(found);
    return found;
}

void Loader::find_index(const std::string& path, Found& found) const {
    for (const std::string& name : settings_.index) {
        const std::string candidate = path + name;
        mode_t mode = 0;
        FileIdentity identity;
        if (settings_.access.refuses_by_name(candidate)) continue;
        const int error = look(candidate, mode, identity);
        if (is_resource_shortage(error)) {
            found.kind = Resource::Kind::Failed;
            found.error = error;
            return;
        }
        if (error != 0 && error != ENOENT) found.error = error;
        if (error != 0 || !S_ISREG(mode)) continue;
        found.kind = Resource::Kind::File;
        found.error = 0;
        found.file_path = candidate;
        found.identities[0] = identity;
        return;
    }
}

void Loader::find_neighbours(Found& found) const {
    for (Encoding encoding : {Encoding::Brotli, Encoding::Gzip}) {
        if (found.file_path.ends_with(file_suffix(encoding))) return;
    }
    for (Encoding encoding : {Encoding::Brotli, Encoding::Gzip}) {
        mode_t mode = 0;
        FileIdentity identity;
        const std::string neighbour = found.file_path + std::string(file_suffix(encoding));
        if (look(neighbour, mode, identity) != 0 || !S_ISREG(mode)) continue;
        if (is_up_to_date(identity, found.identities[0]))
            found.identities[static_cast<size_t>(encoding)] = identity;
    }
}

Ref<Resource> Loader::read(const std::string& path, const Found& found, int64_t now) const {
    Resource::Kind kind = found.kind;
    int error = found.error;
    std::array<Ref<File>, kEncodings> files;
    if (kind == Resource::Kind::File) {
        error = read_file(found.file_path, Encoding::Identity, now, files[0]);
        if (error == EACCES || error == EPERM) {
            kind = Resource::Kind::Forbidden;
        } else if (error == EIO || is_resource_shortage(error)) {
            kind = Resource::Kind::Failed;
        } else if (error != 0) {
            kind = Resource::Kind::Missing;
        }
    }
    Ref<Resource> resource(new Resource(kind, path));
    // The name is told as the client wrote it, not as the link said: nothing of what lies outside gets into
    // the log.
    if (error == EXDEV || error == ELOOP) resource->note = "a symbolic link was refused: " + path;
    if (kind == Resource::Kind::Forbidden || kind == Resource::Kind::Failed) {
        resource->status = kind == Resource::Kind::Forbidden ? 403 : error == EIO ? 500 : 503;
        resource->note = "open " + path + ": " + std::strerror(error);
    }
    if (kind != Resource::Kind::File) return resource;

    resource->file_path = found.file_path;
    for (size_t i = 1; i < kEncodings; ++i) {
        const auto encoding = static_cast<Encoding>(i);
        if (!found.identities[i].exists()) continue;
        const std::string name = found.file_path + std::string(file_suffix(encoding));
        if (read_file(name, encoding, now, files[i]) == 0) resource->encodings |= bit(encoding);
    }
    const std::string_view type = settings_.types.type_of(found.file_path);
    const int64_t old_enough = wall_nanoseconds() - kTick;
    for (const Ref<File>& file : files) {
        if (!file) continue;
        file->make_fields(type, resource->encodings != 1, settings_.style);
        const FileIdentity& identity = file->identity();
        // A time stamp that was held back is told as it is next time.
        if (identity.modified_ns > old_enough || identity.changed_ns > old_enough ||
            identity.modified_ns / kSecond > now) {
            resource->settled = false;
        }
    }
    resource->files = std::move(files);
    return resource;
}

int Loader::read_file(const std::string& path, Encoding encoding, int64_t now, Ref<File>& out) const {
    // O_NONBLOCK: should the file have been replaced by a FIFO since resolve() looked, this must not wait for
    // a writer.
    const int fd = settings_.root.open_beneath(path.substr(1), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return -fd;
    FileDescriptor owner(fd);
    for (int attempt = 1;; ++attempt) {
        struct stat status {};
        if (::fstat(fd, &status) != 0) return errno;
        if (!S_ISREG(status.st_mode)) return ENOENT;
        const FileIdentity identity(status);
        if (!settings_.keep_in_memory || identity.size > settings_.memory_limit) {
            out = new File(std::move(owner), identity, encoding, now);
            return 0;
        }
        std::unique_ptr<uint8_t[]> content;
        const int error = read_all(fd, identity.size, content);
        if (error != 0 && (error != EAGAIN || attempt == kReadAttempts)) return error;
        if (::fstat(fd, &status) != 0) return errno;
        // Written to while it was read: half of it may be the old and half the new content. One that is
        // written to all the time (a log) is served all the same.
        if (FileIdentity(status) != identity && attempt < kReadAttempts) continue;
        if (error != 0) continue;
        out = new File(std::move(owner), identity, encoding, now);
        out->keep_in_memory(std::move(content));
        return 0;
    }
}

}  // namespace marmoset::document
