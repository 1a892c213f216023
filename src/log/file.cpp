// Log files. In: paths, descriptors. Out: descriptors that keep their numbers.

#include "log/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace marmoset::log {

Result<int> open_file(const std::string& path) {
    int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0660);
    if (fd < 0) return errno_error("open", path, errno);
    if (fd > STDERR_FILENO) return fd;
    // Started with a standard descriptor closed: its number must not become the log's.
    int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    ::close(fd);
    if (moved < 0) return errno_error("open", path, error);
    return moved;
}

void replace(int target, int fd) {
    if (target == fd) return;
    // Atomic: another thread writes to the old file or to the new one, never to nothing. The standard
    // descriptors are the ones that programs started by us are to inherit.
    while (::dup3(fd, target, target <= STDERR_FILENO ? 0 : O_CLOEXEC) < 0 &&
           (errno == EINTR || errno == EBUSY)) {
    }
    ::close(fd);
}

}  // namespace marmoset::log
