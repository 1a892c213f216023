#include "names.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file_descriptor.h"

namespace marmoset::websocket_module {

namespace {

// Opens a folder one component below `parent`, following nothing.
FileDescriptor open_folder(int parent, const std::string& component) {
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    const auto fd = static_cast<int>(syscall(SYS_openat2, parent, component.c_str(), &how, sizeof how));
    if (fd >= 0 || errno != ENOSYS) return FileDescriptor(fd);
    return FileDescriptor(openat(parent, component.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

}  // namespace

Name find_socket(int docroot_fd, std::string_view path) {
    // A socket has no children, so the first one met is the longest prefix that is one.
    FileDescriptor folder;
    size_t start = 1;
    while (start < path.size()) {
        const size_t slash = std::min(path.find('/', start), path.size());
        const std::string component(path.substr(start, slash - start));
        const int parent = folder ? folder.get() : docroot_fd;
        struct stat info;
        if (component.empty() || component == "." || component == ".." ||
            component.find('\0') != std::string::npos ||
            fstatat(parent, component.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
            return {};
        }
        if (S_ISSOCK(info.st_mode))
            return {std::string(path.substr(1, slash - 1)), std::string(path.substr(slash))};
        if (!S_ISDIR(info.st_mode)) return {};
        folder = open_folder(parent, component);
        if (!folder) return {};
        start = slash + 1;
    }
    return {};
}

std::string describe_access(const std::string& docroot, int docroot_fd, const std::string& name) {
    struct stat info;
    std::string text = " (" + docroot + "/" + name;
    if (fstatat(docroot_fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
        text += fmt::format(" is {:04o} {}:{}, connecting needs its w bit", info.st_mode & 07777u,
                            info.st_uid, info.st_gid);
    } else {
        text += " lies in a folder without the x bit";
    }
    gid_t groups[64];
    const int count = getgroups(64, groups);
    text += fmt::format("; this process is uid {}, groups {}", geteuid(), getegid());
    for (int i = 0; i < count; ++i)
        text += fmt::format(" {}", groups[i]);
    return text + ")";
}

}  // namespace marmoset::websocket_module
