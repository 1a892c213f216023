// Where users are kept. In: names. Out: users, with their password's stored form. All calls block (files, a
// database, NSS): they belong into the thread pool, and may be made from several threads at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/user.h"
#include "base/result.h"

namespace marmoset::auth {

/// Errors of stores tell by `code` what management interfaces answer with: ENOENT no such user, EEXIST there
/// is one already, EINVAL a value that the store can't hold, EROFS the store can't be changed, EACCES the
/// process may not; else the errno, or EIO, of what failed. Texts name files, never secrets.
class UserStore {
  public:
    virtual ~UserStore() = default;

    /// As ouistiti's `authz` has it: "simple", "file", "sqlite", "unix".
    virtual std::string_view kind() const = 0;

    /// nullopt: there is no such user. Names are compared byte by byte.
    virtual Result<std::optional<User>> find(std::string_view name) = 0;

    /// At most `limit` users whose names follow `after`, in the order of their names' bytes; "" begins.
    virtual Result<std::vector<User>> list(std::string_view after, size_t limit) = 0;

    /// Whether the calls below can succeed at all.
    virtual bool can_change() const { return false; }

    /// A new user; name, password form, group, home and status are taken.
    virtual Result<void> add(const User& user);
    /// Everything but the password replaces what is there.
    virtual Result<void> update(const User& user);
    /// `stored` is a form that make_password gave. An Approving or Reapproving user keeps that status.
    virtual Result<void> set_password(std::string_view name, std::string_view stored);
    virtual Result<void> remove(std::string_view name);
};

/// What the configuration says about users (group `auth`, ouistiti's keys).
struct UserStoreSettings {
    std::string authz;   ///< "simple", "file", "unix", "sqlite"; empty: the first that the other keys fit, in
                         ///< the order dbname, file with "shadow" in its name, file, user
    std::string user;    ///< simple: the one user …
    std::string passwd;  ///< … the password, in any stored form …
    std::string group;
    std::string home;
    std::string file;    ///< password file, or the shadow file
    std::string dbname;  ///< SQLite file, created when missing
    std::string issuer;  ///< whose passwords the database is asked for; empty: any
};

/// Opens the store, while there still is the privilege that its file asks for. Nothing that fits is an error
/// (EINVAL). A password file that is missing is an error; a database is made, with no user in it.
Result<std::shared_ptr<UserStore>> open_user_store(const UserStoreSettings& settings);

}  // namespace marmoset::auth
