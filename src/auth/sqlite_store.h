// Users in an SQLite file with ouistiti's tables (users, groups, status, passwds, issuers, session), and in
// the older layout of its authrpc, where the password is a column of users. In: the file. Out: users. WAL, so
// that the server, its workers and the tools use one file at once.
//
// A file that is missing is made, without any user. We add one table, totp(userid, key), for keys of the
// user's own; ouistiti does not mind it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "auth/database.h"
#include "auth/user_store.h"

namespace marmoset::auth {

class SqliteStore : public UserStore {
  public:
    /// `issuer`: passwords of that issuer count, and those of none; empty: all, those of none first. The
    /// process that opens it is the one that uses it: SQLite's connections don't survive a fork.
    static Result<std::unique_ptr<SqliteStore>> open(const std::string& path, std::string issuer);

    std::string_view kind() const override { return "sqlite"; }
    Result<std::optional<User>> find(std::string_view name) override;
    Result<std::vector<User>> list(std::string_view after, size_t limit) override;

    bool can_change() const override { return !database_.read_only(); }
    /// A group that there is not yet is made; without one it is «users».
    Result<void> add(const User& user) override;
    Result<void> update(const User& user) override;
    Result<void> set_password(std::string_view name, std::string_view stored) override;
    Result<void> remove(std::string_view name) override { return remove(name, {}); }

    /// Reads, changes and writes a user while nobody else can. `change` says whether to go on; its name and
    /// issuer stay. `keep`: a group that must not lose its last active member by it. The user as it is now;
    /// ENOENT, EPERM (of `keep`), ECANCELED (change said no).
    Result<User> modify(std::string_view name, const std::function<bool(User&)>& change,
                        std::string_view keep = {});
    /// EPERM: it is the last active member of the group `keep`.
    Result<void> remove(std::string_view name, std::string_view keep);

    struct Group {
        std::string name;
        int64_t users = 0;  ///< how many are in it
    };
    /// All of them, also those without users, at most `limit`, by name.
    Result<std::vector<Group>> groups(size_t limit);

  private:
    enum class Layout { Passwds, Users };

    SqliteStore(Database database, std::string issuer)
        : database_(std::move(database)), issuer_(std::move(issuer)) {}
    Result<void> prepare();
    Result<bool> has_column(std::string_view table, std::string_view column);
    std::string select(std::string_view condition) const;
    Result<User> read_user(const Query& row);
    Result<std::optional<User>> read(std::string_view name);
    Result<void> write_group(int64_t id, std::string_view name);
    Result<void> write(int64_t id, const User& user);
    /// Active users of a group; 0 for "".
    Result<int64_t> active_members(std::string_view group);
    /// EPERM: the group had active members and has none now.
    Result<void> check_members(std::string_view group, int64_t before);
    Result<int64_t> id_of(std::string_view name);
    Result<int64_t> group_id(std::string_view name);
    Result<void> write_password(int64_t id, std::string_view stored, int64_t status);
    Result<void> write_factors(int64_t id, const User& user);

    Database database_;
    const std::string issuer_;
    Layout layout_ = Layout::Passwds;
    bool has_issuers_ = false, has_totp_ = false;
    std::mutex mutex_;  // one statement after the other
};

}  // namespace marmoset::auth
