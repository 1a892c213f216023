// Users in an SQLite file with ouistiti's tables (users, groups, status, passwds, issuers, session), and in
// the older layout of its authrpc, where the password is a column of users. In: the file. Out: users. WAL, so
// that the server, its workers and the tools use one file at once.
//
// A file that is missing is made, without any user. We add one table, totp(userid, key), for keys of the
// user's own; ouistiti does not mind it.
#pragma once

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
    Result<void> remove(std::string_view name) override;

  private:
    enum class Layout { Passwds, Users };

    SqliteStore(Database database, std::string issuer)
        : database_(std::move(database)), issuer_(std::move(issuer)) {}
    Result<void> prepare();
    Result<bool> has_column(std::string_view table, std::string_view column);
    std::string select(std::string_view condition) const;
    Result<User> read_user(const Query& row);
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
