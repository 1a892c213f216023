// ouistiti's password file: lines user:PASSWORD[:group[:home]]. In: its path. Out: users. The file is read
// again when it has changed (device, inode, size, times); it is changed by writing a new one and renaming it,
// under a lock, so that readers see the old or the new one, never a part.
#pragma once

#include <sys/stat.h>

#include <map>
#include <memory>
#include <mutex>

#include "auth/user_store.h"
#include "base/file_descriptor.h"

namespace marmoset::auth {

/// One line as a user. nullopt for what is none: empty, a comment (#), without a valid name. `line` is
/// without its end (a CR before it is cut off). Statuses are not in such files: who stands there is
/// activated.
std::optional<User> parse_password_line(std::string_view line);
/// The way back, without line end; fields that are empty at the end are left out.
std::string format_password_line(const User& user);

class FileStore : public UserStore {
  public:
    static constexpr size_t kLargestFile = 16 << 20;  ///< bytes

    /// Reads the file: that it is there and can be read is known from then on.
    static Result<std::unique_ptr<FileStore>> open(const std::string& path);

    std::string_view kind() const override { return "file"; }
    Result<std::optional<User>> find(std::string_view name) override;
    Result<std::vector<User>> list(std::string_view after, size_t limit) override;

    /// The folder must be writable for this process; that shows when it is tried.
    bool can_change() const override { return true; }
    Result<void> add(const User& user) override;
    Result<void> update(const User& user) override;
    Result<void> set_password(std::string_view name, std::string_view stored) override;
    Result<void> remove(std::string_view name) override;

  private:
    /// What tells one version of the file from the next.
    struct Version {
        dev_t device = 0;
        ino_t inode = 0;
        off_t size = -1;
        timespec modified{}, changed{};
        bool operator==(const Version& other) const;
    };
    enum class Change { Add, Update, Password, Remove };

    explicit FileStore(std::string path) : path_(std::move(path)) {}
    Result<void> refresh();
    Result<void> rewrite(Change change, const User& user);
    Result<std::string> changed_text(const std::string& text, Change change, const User& user) const;
    Result<void> replace(const std::string& text, const struct stat& old);

    const std::string path_;
    std::mutex mutex_;  // guards what follows
    Version version_;
    FileDescriptor held_;  // of that version: as long as it is open, no other file gets its inode
    std::map<std::string, User, std::less<>> users_;
};

}  // namespace marmoset::auth
