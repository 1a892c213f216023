#include "revocation_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/file_descriptor.h"
#include "base/file_io.h"
#include "base/hex.h"
#include "base/text.h"

namespace marmoset::auth_module {

namespace {

// From the first size on what has expired is taken out before a line is added; the second is never reached
// unless sign-outs come faster than sessions expire.
constexpr off_t kCompactAt = 4 << 20;
constexpr off_t kLargest = 16 << 20;

std::string line_of(const Revocation& revocation) {
    return hex_encode(revocation.session) + " " + std::to_string(revocation.expires) + "\n";
}

Result<void> write_and_sync(int fd, const std::string& path, std::string_view text) {
    if (auto done = write_all(fd, path, text); !done) return done;
    if (::fdatasync(fd) != 0) return errno_error("fdatasync", path, errno);
    return {};
}

bool parse_session(std::string_view digits, std::array<uint8_t, 16>& session) {
    if (digits.size() != 2 * session.size()) return false;
    for (size_t i = 0; i < session.size(); ++i) {
        const int high = hex_value(digits[2 * i]), low = hex_value(digits[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        session[i] = static_cast<uint8_t>(high << 4 | low);
    }
    return true;
}

std::vector<Revocation> parse(std::string_view text, int64_t now) {
    std::vector<Revocation> found;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const size_t space = line.find(' ');
        if (space == std::string_view::npos) continue;
        Revocation one;
        const auto expires = parse_decimal(line.substr(space + 1));
        if (!expires || *expires > INT64_MAX || !parse_session(line.substr(0, space), one.session)) continue;
        one.expires = static_cast<int64_t>(*expires);
        if (one.expires > now) found.push_back(one);
    }
    return found;
}

// Its last line was not written to its end.
bool is_torn(int fd, off_t size) {
    char last = '\n';
    return size > 0 && ::pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

// The file that has the name, locked until it is closed; `status` is its.
Result<FileDescriptor> open_locked(const std::string& path, struct stat& status) {
    for (;;) {
        FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file) return errno_error("open", path, errno);
        while (::flock(file.get(), LOCK_EX) != 0) {
            if (errno != EINTR) return errno_error("flock", path, errno);
        }
        struct stat named {};
        if (::fstat(file.get(), &status) != 0) return errno_error("stat", path, errno);
        // While it waited another one may have taken its place.
        if (::lstat(path.c_str(), &named) == 0 && named.st_dev == status.st_dev &&
            named.st_ino == status.st_ino)
            return file;
    }
}

// Another file takes its place, on the disk before it has the name; owner and mode stay.
Result<void> replace(const std::string& path, const std::string& text, const struct stat& old) {
    std::string name = path + ".XXXXXX";
    const FileDescriptor file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) return errno_error("mkostemp", name, errno);
    Result<void> done = write_and_sync(file.get(), name, text);
    if (done && (old.st_uid != ::geteuid() || old.st_gid != ::getegid()) &&
        ::fchown(file.get(), old.st_uid, old.st_gid) != 0)
        done = errno_error("chown", name, errno);
    if (done && ::fchmod(file.get(), old.st_mode & 07777) != 0) done = errno_error("chmod", name, errno);
    if (done && ::rename(name.c_str(), path.c_str()) != 0) done = errno_error("rename", path, errno);
    if (!done) ::unlink(name.c_str());
    return done;
}

}  // namespace

Result<std::vector<Revocation>> RevocationFile::load(int64_t now) {
    struct stat status {};
    const auto file = open_locked(path_, status);
    if (!file) return file.error();
    auto text = read_all(file->get(), path_, size_t{2} * kLargest);
    if (!text) return text.error();
    std::vector<Revocation> kept = parse(*text, now);
    std::string fresh;
    for (const Revocation& one : kept)
        fresh += line_of(one);
    if (fresh == *text) return kept;
    if (auto done = replace(path_, fresh, status); !done) return done.error();
    return kept;
}

Result<void> RevocationFile::append(const Revocation& revocation, int64_t now) {
    for (bool compacted = false;;) {
        struct stat status {};
        auto file = open_locked(path_, status);
        if (!file) return file.error();
        if (status.st_size < kCompactAt || (compacted && status.st_size < kLargest))
            return write_and_sync(file->get(), path_,
                                  (is_torn(file->get(), status.st_size) ? "\n" : "") + line_of(revocation));
        if (std::exchange(compacted, true)) return errno_error("write", path_, EFBIG);
        *file = FileDescriptor();  // load() takes the lock itself
        // Workers may not be able to make a file there; then it goes on growing for a while.
        (void)load(now);
    }
}

}  // namespace marmoset::auth_module
