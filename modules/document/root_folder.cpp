// openat2(2) with RESOLVE_BENEATH, or a walk with O_NOFOLLOW. In: names that clients made up. Out:
// descriptors beneath the root.
#include "root_folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace marmoset::document {

namespace {

// A rename anywhere in the system may make the kernel unable to tell whether ".." stayed inside: it asks to
// try again.
constexpr int kAttempts = 8;

int open_child(int folder, const std::string& name, int flags) {
    for (;;) {
        const int fd = ::openat(folder, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0) return fd;
        if (errno != EINTR) return -errno;
    }
}

bool is_link(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISLNK(status.st_mode);
}

}  // namespace

Result<RootFolder> RootFolder::open(const std::string& path, Symlinks symlinks) {
    Result<RootFolder> root = open(path, symlinks, Method::Openat2);
    if (!root) return root;
    const int probe = root->open_beneath("", O_PATH);
    if (probe >= 0) {
        ::close(probe);
    } else if (probe == -ENOSYS || probe == -EPERM) {
        root->method_ = Method::Walk;
    }
    return root;
}

Result<RootFolder> RootFolder::open(const std::string& path, Symlinks symlinks, Method method) {
    RootFolder root;
    root.folder_.reset(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.folder_) return errno_error("open", path, errno);
    root.symlinks_ = symlinks;
    root.method_ = method;
    return root;
}

int RootFolder::open_beneath(const std::string& path, int flags) const {
    return method_ == Method::Openat2 ? open_at_once(path, flags) : open_by_walk(path, flags);
}

int RootFolder::open_at_once(const std::string& path, int flags) const {
    open_how how{};
    how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    if (symlinks_ == Symlinks::None) how.resolve |= RESOLVE_NO_SYMLINKS;
    const char* const name = path.empty() ? "." : path.c_str();
    int error = EAGAIN;
    for (int attempt = 0; attempt < kAttempts && (error == EAGAIN || error == EINTR); ++attempt) {
        const auto fd = static_cast<int>(::syscall(SYS_openat2, folder_.get(), name, &how, sizeof how));
        if (fd >= 0) return fd;
        error = errno;
    }
    return -error;
}

int RootFolder::open_by_walk(const std::string& path, int flags) const {
    FileDescriptor folder;  // of the part before `start`; empty: the root
    size_t start = 0;
    for (;;) {
        const size_t slash = path.find('/', start);
        const bool last = slash == std::string::npos;
        std::string name = path.substr(start, last ? slash : slash - start);
        if (name == "..") return -EXDEV;
        if (name.empty()) name = ".";
        const int from = folder ? folder.get() : folder_.get();
        // O_PATH together with O_NOFOLLOW opens a link itself, which is how it is told from a missing folder.
        const int fd = open_child(from, name, last ? flags : O_PATH);
        if (fd < 0) return fd;
        FileDescriptor opened(fd);
        if (is_link(fd)) return -ELOOP;
        if (last) return opened.release();
        folder = std::move(opened);
        start = slash + 1;
    }
}

}  // namespace marmoset::document
