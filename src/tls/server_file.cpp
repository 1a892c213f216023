#include "tls/server_file.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "base/file_descriptor.h"

namespace marmoset::tls {

namespace {

constexpr size_t kLargest = 1u << 20;

}  // namespace

Result<std::string> read_server_file(const std::string& path) {
    const auto fault = [&path](int error) { return Error{path + ": " + std::strerror(error), error}; };
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fault(errno);
    std::string content;
    content.reserve(16384);  // a key that fits is not copied on the way
    for (;;) {
        char piece[16384];
        const ssize_t count = read(file.get(), piece, sizeof piece);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fault(errno);
        if (count == 0) {
            explicit_bzero(piece, sizeof piece);
            return content;
        }
        content.append(piece, static_cast<size_t>(count));
        explicit_bzero(piece, static_cast<size_t>(count));
        if (content.size() > kLargest) return fault(EFBIG);
    }
}

bool is_pem(std::string_view content) {
    return content.find("-----BEGIN ") != std::string_view::npos;
}

}  // namespace marmoset::tls
