#include "auth/sqlite_store.h"

#include <cerrno>

namespace marmoset::auth {

namespace {

// The layout that ouistiti makes, for files of our own; ids of status and groups are its numbers.
constexpr char kTables[] = R"(
CREATE TABLE groups(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
INSERT INTO groups(id, name) VALUES (0, 'root'), (1, 'anonymous'), (2, 'users');
CREATE TABLE status(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
INSERT INTO status(id, name) VALUES (1, 'approving'), (2, 'activated'), (3, 'repudiated'), (4, 'reapproving');
CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL,
    groupid INTEGER DEFAULT 1 REFERENCES groups(id) ON UPDATE SET NULL, home TEXT);
CREATE TABLE passwds(userid INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, passwd TEXT, issuer TEXT,
    statusid INTEGER DEFAULT 1 REFERENCES status(id) ON UPDATE SET NULL);
CREATE TABLE session(token TEXT PRIMARY KEY, userid INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    expire INTEGER);
CREATE TABLE issuers(userid INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, issuer TEXT);
)";
constexpr char kTotpTable[] =
    "CREATE TABLE IF NOT EXISTS totp(userid INTEGER PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE, key "
    "TEXT)";

// The row of passwds that counts for a user; ?1 is the issuer that is asked for.
constexpr char kPasswordRow[] =
    "(SELECT p.rowid FROM passwds p WHERE p.userid = users.id"
    " AND (?1 = '' OR p.issuer = ?1 OR p.issuer IS NULL OR p.issuer = '')"
    " ORDER BY coalesce(p.issuer, '') = ?1 DESC, coalesce(p.issuer, '') <> '', p.rowid LIMIT 1)";

constexpr std::string_view kDefaultGroup = "users";

int64_t number(UserStatus status) {
    return static_cast<int64_t>(status);
}

UserStatus status_of(int64_t number, UserStatus otherwise) {
    return number >= 1 && number <= 4 ? static_cast<UserStatus>(number) : otherwise;
}

Result<void> check(const User& user) {
    if (!is_valid_user_name(user.name) || !is_valid_user_field(user.group) ||
        !is_valid_user_field(user.home) || user.password.find('\0') != std::string::npos)
        return Error{"name, password, group or home can't be kept", EINVAL};
    return {};
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path, std::string issuer) {
    auto database = Database::open(path, true);
    if (!database) return database.error();
    std::unique_ptr<SqliteStore> store(new SqliteStore(database.take(), std::move(issuer)));
    if (auto ready = store->prepare(); !ready) return ready.error();
    return store;
}

Result<bool> SqliteStore::has_column(std::string_view table, std::string_view column) {
    Query query(database_, "SELECT 1 FROM pragma_table_info(?) WHERE name = ?");
    return query.bind(table).bind(column).step();
}

Result<void> SqliteStore::prepare() {
    const bool writable = !database_.read_only();
    // A file that can't be switched, because others have it open, works as it is.
    if (writable) (void)database_.run("PRAGMA journal_mode = WAL");
    Transaction transaction(database_);
    if (writable) {
        if (auto begun = transaction.begin(); !begun) return begun;
    }
    auto users = has_column("users", "name");
    if (!users) return users.error();
    if (!*users) {
        if (auto made = database_.run(kTables); !made) return made;
    }
    if (writable) {
        if (auto made = database_.run(kTotpTable); !made) return made;
        if (auto done = transaction.commit(); !done) return done;
    }
    auto passwds = has_column("passwds", "passwd");
    auto older = has_column("users", "passwd");
    if (!passwds || !older) return (passwds ? older : passwds).error();
    if (!*passwds && !*older) return Error{"the database has users, but no passwords", EINVAL};
    layout_ = *passwds ? Layout::Passwds : Layout::Users;
    auto issuers = has_column("issuers", "issuer");
    auto totp = has_column("totp", "key");
    has_issuers_ = issuers && *issuers;
    has_totp_ = totp && *totp;
    return {};
}

// Columns: id, name, group, home, password, status, issuer, key.
std::string SqliteStore::select(std::string_view condition) const {
    const bool own = layout_ == Layout::Passwds;
    std::string sql = "SELECT users.id, users.name, groups.name, users.home, ";
    sql += own ? "passwds.passwd, passwds.statusid, passwds.issuer, "
               : "users.passwd, users.statusid, nullif(?1, ?1), ";
    sql += has_totp_ ? "totp.key" : "NULL";
    sql += " FROM users LEFT JOIN groups ON groups.id = users.groupid";
    if (own) sql.append(" LEFT JOIN passwds ON passwds.rowid = ").append(kPasswordRow);
    if (has_totp_) sql += " LEFT JOIN totp ON totp.userid = users.id";
    return sql.append(" WHERE ").append(condition);
}

Result<User> SqliteStore::read_user(const Query& row) {
    User user;
    user.name = row.text(1);
    user.group = row.text(2);
    user.home = row.text(3);
    user.password = row.text(4);
    // In the older layout a status may be missing, and means nothing then.
    user.status =
        status_of(row.number(5),
                  layout_ == Layout::Users && row.is_null(5) ? UserStatus::Activated : UserStatus::Approving);
    user.issuer = row.text(6);
    user.totp_key = row.text(7);
    if (!has_issuers_) return user;
    Query factors(database_, "SELECT issuer FROM issuers WHERE userid = ? LIMIT 16");
    factors.bind(row.number(0));
    for (;;) {
        const auto more = factors.step();
        if (!more) return more.error();
        if (!*more) return user;
        user.factors_off.push_back(factors.text(0));
    }
}

Result<std::optional<User>> SqliteStore::find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return read(name);
}

Result<std::optional<User>> SqliteStore::read(std::string_view name) {
    Query query(database_, select("users.name = ?2"));
    const auto row = query.bind(issuer_).bind(name).step();
    if (!row) return row.error();
    if (!*row) return std::optional<User>();
    auto user = read_user(query);
    if (!user) return user.error();
    return std::optional<User>(user.take());
}

Result<std::vector<User>> SqliteStore::list(std::string_view after, size_t limit) {
    const std::lock_guard lock(mutex_);
    Query query(database_, select("users.name > ?2 ORDER BY users.name LIMIT ?3"));
    query.bind(issuer_).bind(after).bind(static_cast<int64_t>(limit));
    std::vector<User> users;
    for (;;) {
        const auto row = query.step();
        if (!row) return row.error();
        if (!*row) return users;
        auto user = read_user(query);
        if (!user) return user.error();
        users.push_back(user.take());
    }
}

Result<int64_t> SqliteStore::id_of(std::string_view name) {
    Query query(database_, "SELECT id FROM users WHERE name = ?");
    const auto row = query.bind(name).step();
    if (!row) return row.error();
    if (!*row) return Error{"there is no user " + std::string(name), ENOENT};
    return query.number(0);
}

Result<int64_t> SqliteStore::group_id(std::string_view name) {
    Query add(database_, "INSERT OR IGNORE INTO groups(name) VALUES (?)");
    if (auto added = add.bind(name).run(); !added) return added.error();
    Query query(database_, "SELECT id FROM groups WHERE name = ?");
    const auto row = query.bind(name).step();
    if (!row) return row.error();
    if (!*row) return Error{"there is no group " + std::string(name), EINVAL};
    return query.number(0);
}

Result<void> SqliteStore::write_password(int64_t id, std::string_view stored, int64_t status) {
    if (layout_ == Layout::Users) {
        Query query(database_, "UPDATE users SET passwd = ? WHERE id = ?");
        return query.bind_or_null(stored).bind(id).run();
    }
    Query change(
        database_,
        "UPDATE passwds SET passwd = ?2 WHERE rowid = (SELECT p.rowid FROM passwds p WHERE p.userid = ?3"
        " AND (?1 = '' OR p.issuer = ?1 OR p.issuer IS NULL OR p.issuer = '')"
        " ORDER BY coalesce(p.issuer, '') = ?1 DESC, coalesce(p.issuer, '') <> '', p.rowid LIMIT 1)");
    if (auto changed = change.bind(issuer_).bind_or_null(stored).bind(id).run(); !changed) return changed;
    if (database_.changes() > 0) return {};
    Query add(database_, "INSERT INTO passwds(userid, passwd, issuer, statusid) VALUES (?, ?, ?, ?)");
    return add.bind(id).bind_or_null(stored).bind_or_null(issuer_).bind(status).run();
}

Result<void> SqliteStore::write_factors(int64_t id, const User& user) {
    if (has_issuers_) {
        Query clear(database_, "DELETE FROM issuers WHERE userid = ?");
        if (auto done = clear.bind(id).run(); !done) return done;
        for (const std::string& factor : user.factors_off) {
            Query add(database_, "INSERT INTO issuers(userid, issuer) VALUES (?, ?)");
            if (auto done = add.bind(id).bind(factor).run(); !done) return done;
        }
    }
    if (!has_totp_) return {};
    if (user.totp_key.empty()) {
        Query clear(database_, "DELETE FROM totp WHERE userid = ?");
        return clear.bind(id).run();
    }
    Query put(database_, "INSERT OR REPLACE INTO totp(userid, key) VALUES (?, ?)");
    return put.bind(id).bind(user.totp_key).run();
}

Result<void> SqliteStore::add(const User& user) {
    if (auto fine = check(user); !fine) return fine;
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    if (auto begun = transaction.begin(); !begun) return begun;
    const auto group = group_id(user.group.empty() ? kDefaultGroup : std::string_view(user.group));
    if (!group) return group.error();
    Query insert(database_, "INSERT INTO users(name, groupid, home) VALUES (?, ?, ?)");
    if (auto done = insert.bind(user.name).bind(*group).bind_or_null(user.home).run(); !done) {
        if (done.error().code == EEXIST) return Error{"there is a user " + user.name + " already", EEXIST};
        return done;
    }
    const auto id = id_of(user.name);
    if (!id) return id.error();
    if (auto done = write_password(*id, user.password, number(user.status)); !done) return done;
    if (layout_ == Layout::Users) {
        Query status(database_, "UPDATE users SET statusid = ? WHERE id = ?");
        if (auto done = status.bind(number(user.status)).bind(*id).run(); !done) return done;
    }
    if (auto done = write_factors(*id, user); !done) return done;
    return transaction.commit();
}

Result<void> SqliteStore::update(const User& user) {
    if (auto fine = check(user); !fine) return fine;
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    if (auto begun = transaction.begin(); !begun) return begun;
    const auto id = id_of(user.name);
    if (!id) return id.error();
    if (auto done = write_group(*id, user.group); !done) return done;
    if (auto done = write(*id, user); !done) return done;
    return transaction.commit();
}

Result<void> SqliteStore::write_group(int64_t id, std::string_view name) {
    const auto group = group_id(name.empty() ? kDefaultGroup : name);
    if (!group) return group.error();
    Query change(database_, "UPDATE users SET groupid = ? WHERE id = ?");
    return change.bind(*group).bind(id).run();
}

// Everything but the password and the group.
Result<void> SqliteStore::write(int64_t id, const User& user) {
    Query change(database_, "UPDATE users SET home = ? WHERE id = ?");
    if (auto done = change.bind_or_null(user.home).bind(id).run(); !done) return done;
    // An account is shut out or let in as a whole, whoever vouches for its passwords.
    Query status(database_, layout_ == Layout::Users ? "UPDATE users SET statusid = ? WHERE id = ?"
                                                     : "UPDATE passwds SET statusid = ? WHERE userid = ?");
    if (auto done = status.bind(number(user.status)).bind(id).run(); !done) return done;
    return write_factors(id, user);
}

Result<User> SqliteStore::modify(std::string_view name, const std::function<bool(User&)>& change,
                                 std::string_view keep) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    if (auto begun = transaction.begin(); !begun) return begun.error();
    const auto members = active_members(keep);
    if (!members) return members.error();
    const auto id = id_of(name);
    if (!id) return id.error();
    auto found = read(name);
    if (!found) return found.error();
    User user = std::move(**found);
    const std::string password = user.password;
    const std::string group = user.group;
    if (!change(user)) return Error{"the change of a user was given up", ECANCELED};
    user.name = name;
    if (auto fine = check(user); !fine) return fine.error();
    if (user.password != password) {
        if (auto done = write_password(*id, user.password, number(user.status)); !done) return done.error();
    }
    // Who is in no group, or in one that is gone, does not get one by the way.
    if (user.group != group) {
        if (auto done = write_group(*id, user.group); !done) return done.error();
    }
    if (auto done = write(*id, user); !done) return done.error();
    if (auto kept = check_members(keep, *members); !kept) return kept.error();
    if (auto done = transaction.commit(); !done) return done.error();
    return user;
}

Result<int64_t> SqliteStore::active_members(std::string_view group) {
    if (group.empty()) return 0;
    std::string sql = "SELECT count(*) FROM users JOIN groups ON groups.id = users.groupid";
    if (layout_ == Layout::Passwds) sql.append(" JOIN passwds ON passwds.rowid = ").append(kPasswordRow);
    sql += layout_ == Layout::Passwds ? " WHERE passwds.statusid = ?3"
                                      : " WHERE coalesce(users.statusid, ?3) = ?3 AND ?1 IS NOT NULL";
    Query query(database_, sql + " AND groups.name = ?2");
    const auto row = query.bind(issuer_).bind(group).bind(number(UserStatus::Activated)).step();
    if (!row) return row.error();
    return query.number(0);
}

Result<void> SqliteStore::check_members(std::string_view group, int64_t before) {
    if (before == 0) return {};
    const auto now = active_members(group);
    if (!now) return now.error();
    if (*now > 0) return {};
    return Error{"the last active user of the group " + std::string(group), EPERM};
}

Result<std::vector<SqliteStore::Group>> SqliteStore::groups(size_t limit) {
    const std::lock_guard lock(mutex_);
    Query query(database_,
                "SELECT groups.name, (SELECT count(*) FROM users WHERE users.groupid = groups.id) FROM groups"
                " ORDER BY groups.name LIMIT ?");
    query.bind(static_cast<int64_t>(limit));
    std::vector<Group> groups;
    for (;;) {
        const auto row = query.step();
        if (!row) return row.error();
        if (!*row) return groups;
        groups.push_back({query.text(0), query.number(1)});
    }
}

Result<void> SqliteStore::set_password(std::string_view name, std::string_view stored) {
    if (stored.find('\0') != std::string_view::npos) return Error{"a stored password has no NUL", EINVAL};
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    if (auto begun = transaction.begin(); !begun) return begun;
    const auto id = id_of(name);
    if (!id) return id.error();
    if (auto done = write_password(*id, stored, number(UserStatus::Approving)); !done) return done;
    return transaction.commit();
}

// The rows of other tables go by their foreign keys, where the file has them; ouistiti's older ones have not
// all.
Result<void> SqliteStore::remove(std::string_view name, std::string_view keep) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    if (auto begun = transaction.begin(); !begun) return begun;
    const auto members = active_members(keep);
    if (!members) return members.error();
    const auto id = id_of(name);
    if (!id) return id.error();
    const auto forget = [&](const char* sql) {
        Query query(database_, sql);
        return query.bind(*id).run();
    };
    if (layout_ == Layout::Passwds) {
        if (auto done = forget("DELETE FROM passwds WHERE userid = ?"); !done) return done;
    }
    if (has_issuers_) {
        if (auto done = forget("DELETE FROM issuers WHERE userid = ?"); !done) return done;
    }
    if (has_totp_) {
        if (auto done = forget("DELETE FROM totp WHERE userid = ?"); !done) return done;
    }
    if (auto done = forget("DELETE FROM users WHERE id = ?"); !done) return done;
    if (auto kept = check_members(keep, *members); !kept) return kept;
    return transaction.commit();
}

}  // namespace marmoset::auth
