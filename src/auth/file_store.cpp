#include "auth/file_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/file_io.h"
#include "base/secret.h"

namespace marmoset::auth {

namespace {

std::string_view next_line(std::string_view& text) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

std::string_view next_field(std::string_view& line) {
    const size_t end = line.find(':');
    const std::string_view field = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    return field;
}

bool same_time(const timespec& one, const timespec& other) {
    return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

/// Writers of one file, in whatever process, follow each other. A file of its own is locked: the password
/// file itself is another one after each rename.
class WriteLock {
  public:
    static Result<WriteLock> take(const std::string& path) {
        const std::string name = path + ".lock";
        WriteLock lock;
        lock.fd_.reset(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!lock.fd_) return errno_error("open", name, errno);
        while (::flock(lock.fd_.get(), LOCK_EX) != 0) {
            if (errno != EINTR) return errno_error("flock", name, errno);
        }
        return lock;
    }

  private:
    FileDescriptor fd_;
};

bool fits_line(std::string_view text) {
    return text.find_first_of(":\r\n") == std::string_view::npos && text.find('\0') == std::string_view::npos;
}

Error no_such_user(std::string_view name) {
    return Error{"there is no user " + std::string(name), ENOENT};
}

}  // namespace

std::optional<User> parse_password_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#') || line.find(':') == std::string_view::npos) return std::nullopt;
    User user;
    user.name = next_field(line);
    user.password = next_field(line);
    user.group = next_field(line);
    user.home = next_field(line);
    if (!is_valid_user_name(user.name) || !is_valid_user_field(user.group) || !is_valid_user_field(user.home))
        return std::nullopt;
    return user;
}

std::string format_password_line(const User& user) {
    std::string line = user.name + ":" + user.password;
    if (!user.group.empty() || !user.home.empty()) line += ":" + user.group;
    if (!user.home.empty()) line += ":" + user.home;
    return line;
}

bool FileStore::Version::operator==(const Version& other) const {
    return device == other.device && inode == other.inode && size == other.size &&
           same_time(modified, other.modified) && same_time(changed, other.changed);
}

Result<std::unique_ptr<FileStore>> FileStore::open(const std::string& path) {
    // Workers may stand in another folder later.
    std::error_code failure;
    const std::filesystem::path absolute = std::filesystem::absolute(path, failure);
    if (failure) return errno_error("path", path, failure.value());
    std::unique_ptr<FileStore> store(new FileStore(absolute.string()));
    const std::lock_guard lock(store->mutex_);
    if (auto read = store->refresh(); !read) return read.error();
    return store;
}

Result<void> FileStore::refresh() {
    FileDescriptor fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return errno_error("open", path_, errno);
    if (!S_ISREG(status.st_mode)) return errno_error("open", path_, EINVAL);
    const Version now{status.st_dev, status.st_ino, status.st_size, status.st_mtim, status.st_ctim};
    if (now == version_) return {};
    auto text = read_all(fd.get(), path_, kLargestFile);
    if (!text) return text.error();
    std::map<std::string, User, std::less<>> users;
    std::string_view rest = *text;
    while (!rest.empty()) {
        // Of two lines for one name the first counts, as it does for a reader that stops there.
        if (auto user = parse_password_line(next_line(rest))) users.emplace(user->name, *user);
    }
    wipe(*text);
    users_ = std::move(users);
    version_ = now;
    held_ = std::move(fd);
    return {};
}

Result<std::optional<User>> FileStore::find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (auto read = refresh(); !read) return read.error();
    const auto found = users_.find(name);
    return found == users_.end() ? std::nullopt : std::optional<User>(found->second);
}

Result<std::vector<User>> FileStore::list(std::string_view after, size_t limit) {
    const std::lock_guard lock(mutex_);
    if (auto read = refresh(); !read) return read.error();
    std::vector<User> users;
    for (auto at = users_.upper_bound(after); at != users_.end() && users.size() < limit; ++at)
        users.push_back(at->second);
    return users;
}

Result<void> FileStore::add(const User& user) {
    return rewrite(Change::Add, user);
}

Result<void> FileStore::update(const User& user) {
    return rewrite(Change::Update, user);
}

Result<void> FileStore::set_password(std::string_view name, std::string_view stored) {
    User user;
    user.name = name;
    user.password = stored;
    return rewrite(Change::Password, user);
}

Result<void> FileStore::remove(std::string_view name) {
    User user;
    user.name = name;
    return rewrite(Change::Remove, user);
}

Result<void> FileStore::rewrite(Change change, const User& user) {
    if (!is_valid_user_name(user.name) || user.name.starts_with('#') || !is_valid_user_field(user.group) ||
        !is_valid_user_field(user.home) || !fits_line(user.password))
        return Error{"name, password, group or home can't stand in a password file", EINVAL};
    if ((change == Change::Add || change == Change::Update) && user.status != UserStatus::Activated)
        return Error{"a password file knows no status but activated", EINVAL};
    const auto lock = WriteLock::take(path_);
    if (!lock) return lock.error();
    const FileDescriptor fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return errno_error("open", path_, errno);
    auto text = read_all(fd.get(), path_, kLargestFile);
    if (!text) return text.error();
    auto changed = changed_text(*text, change, user);
    wipe(*text);
    if (!changed) return changed.error();
    auto replaced = replace(*changed, status);
    wipe(*changed);
    return replaced;
}

// Lines that are not the user's stay byte for byte, comments included.
Result<std::string> FileStore::changed_text(const std::string& text, Change change, const User& user) const {
    std::string changed;
    bool found = false;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = next_line(rest);
        const auto old = parse_password_line(line);
        if (!old || old->name != user.name) {
            changed.append(line).append("\n");
            continue;
        }
        if (change == Change::Add) return Error{"there is a user " + user.name + " already", EEXIST};
        if (change == Change::Remove || found) {  // a second line of the name goes, too
            found = true;
            continue;
        }
        found = true;
        User merged = change == Change::Password ? *old : user;
        merged.password = change == Change::Password ? user.password : old->password;
        changed.append(format_password_line(merged)).append("\n");
    }
    if (change == Change::Add) {
        changed.append(format_password_line(user)).append("\n");
    } else if (!found) {
        return no_such_user(user.name);
    }
    return changed;
}

// A new file beside the old one, on the disk before it takes its name; owner and mode stay.
Result<void> FileStore::replace(const std::string& text, const struct stat& old) {
    const std::string path = std::filesystem::weakly_canonical(path_).string();
    std::string name = path + ".XXXXXX";
    const FileDescriptor fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd) return errno_error("mkostemp", name, errno);
    Result<void> done = write_all(fd.get(), name, text);
    // Only root can give a file away; who else writes here owns it, or it becomes theirs with their group.
    if (done && (old.st_uid != ::geteuid() || old.st_gid != ::getegid()) &&
        ::fchown(fd.get(), old.st_uid, old.st_gid) != 0 && ::geteuid() == 0)
        done = errno_error("chown", name, errno);
    if (done && ::fchmod(fd.get(), old.st_mode & 07777) != 0) done = errno_error("chmod", name, errno);
    if (done && ::fsync(fd.get()) != 0) done = errno_error("fsync", name, errno);
    if (done && ::rename(name.c_str(), path.c_str()) != 0) done = errno_error("rename", path, errno);
    if (!done) {
        ::unlink(name.c_str());
        return done;
    }
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) ::fsync(directory.get());
    return {};
}

}  // namespace marmoset::auth
