#include "base/file_io.h"

#include <unistd.h>

#include <cerrno>

namespace marmoset {

Result<std::string> read_all(int fd, const std::string& path, size_t largest) {
    std::string text;
    char piece[65536];
    for (;;) {
        const ssize_t count = ::read(fd, piece, sizeof piece);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error("read", path, errno);
        if (count == 0) return text;
        text.append(piece, static_cast<size_t>(count));
        if (text.size() > largest) return errno_error("read", path, EFBIG);
    }
}

Result<void> write_all(int fd, const std::string& path, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return errno_error("write", path, count < 0 ? errno : EIO);
        text.remove_prefix(static_cast<size_t>(count));
    }
    return {};
}

}  // namespace marmoset
