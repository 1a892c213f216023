#include "auth/database.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/file_descriptor.h"

namespace marmoset::auth {

namespace {

constexpr int kBusyMilliseconds = 5000;  // how long another writer is waited for

int errno_of(int code) {
    switch (code & 0xff) {
        case SQLITE_CONSTRAINT:
            return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ? EEXIST : EINVAL;
        case SQLITE_READONLY:
            return EROFS;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return EACCES;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return EBUSY;
        default:
            return EIO;
    }
}

}  // namespace

Result<Database> Database::open(const std::string& path, bool create) {
    if (create) {
        // SQLite would make it readable for everybody; its -wal and -shm get the mode of this.
        const FileDescriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660));
        if (!made && errno != EEXIST) return errno_error("open", path, errno);
        if (made && ::fchmod(made.get(), 0660) != 0) return errno_error("chmod", path, errno);
    }
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    Database database(path, handle);
    if (code != SQLITE_OK) {
        if (handle == nullptr) return errno_error("open", path, ENOMEM);
        return database.error();
    }
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, kBusyMilliseconds);
    // What stands in a file must not be able to run more than our SQL.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    if (auto keys = database.run("PRAGMA foreign_keys = ON"); !keys) return keys.error();
    return database;
}

Error Database::error() const {
    const int code = sqlite3_extended_errcode(handle_);
    return Error{path_ + ": " + sqlite3_errmsg(handle_), errno_of(code)};
}

Result<void> Database::run(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
    return {};
}

Query::Query(Database& database, std::string_view sql) : database_(database) {
    state_ =
        sqlite3_prepare_v2(database.handle_, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
}

Query& Query::bind(std::string_view text) {
    if (state_ == SQLITE_OK) {
        state_ = sqlite3_bind_text64(statement_, ++bound_, text.data() ? text.data() : "", text.size(),
                                     SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    return *this;
}

Query& Query::bind(int64_t number) {
    if (state_ == SQLITE_OK) state_ = sqlite3_bind_int64(statement_, ++bound_, number);
    return *this;
}

Query& Query::bind_or_null(std::string_view text) {
    if (!text.empty()) return bind(text);
    if (state_ == SQLITE_OK) state_ = sqlite3_bind_null(statement_, ++bound_);
    return *this;
}

Result<bool> Query::step() {
    if (state_ != SQLITE_OK) return database_.error();
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return database_.error();
}

Result<void> Query::run() {
    for (;;) {
        const auto row = step();
        if (!row) return row.error();
        if (!*row) return {};
    }
}

std::string Query::text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const int size = sqlite3_column_bytes(statement_, column);
    return bytes ? std::string(bytes, static_cast<size_t>(size)) : std::string();
}

Result<void> Transaction::begin() {
    auto begun = database_.run("BEGIN IMMEDIATE");
    open_ = static_cast<bool>(begun);
    return begun;
}

Result<void> Transaction::commit() {
    auto done = database_.run("COMMIT");
    if (done) open_ = false;
    return done;
}

Transaction::~Transaction() {
    if (open_) (void)database_.run("ROLLBACK");
}

}  // namespace marmoset::auth
