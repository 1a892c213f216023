// SQLite behind one header: a connection and a query that end by themselves. In: a file, SQL of ours with
// values bound to it. Out: rows, or an Error. Calls block; a Database is used by one thread at a time (its
// owner locks).
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace marmoset::auth {

class Database {
  public:
    /// Opens the file; `create`: makes it when missing, readable and writable for its owner and group. A file
    /// that may not be written is opened for reading.
    static Result<Database> open(const std::string& path, bool create);

    Database(Database&& other) noexcept
        : path_(std::move(other.path_)), handle_(std::exchange(other.handle_, nullptr)) {}
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    Database& operator=(Database&&) = delete;
    ~Database() { sqlite3_close(handle_); }

    /// Statements without values and rows.
    Result<void> run(const char* sql);
    bool read_only() const { return sqlite3_db_readonly(handle_, "main") == 1; }
    /// Rows that the last statement changed.
    int changes() const { return sqlite3_changes(handle_); }
    /// Why the last call failed. `code`: EEXIST for what must be unique, EROFS, EACCES, EBUSY, else EIO.
    Error error() const;

  private:
    friend class Query;
    Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

    std::string path_;
    sqlite3* handle_;
};

/// One statement with its values. Texts are copied.
class Query {
  public:
    Query(Database& database, std::string_view sql);
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query() { sqlite3_finalize(statement_); }

    // The next `?`, from the left.
    Query& bind(std::string_view text);
    Query& bind(int64_t number);
    /// NULL for an empty text.
    Query& bind_or_null(std::string_view text);

    /// True: there is a row.
    Result<bool> step();
    /// Runs to the end.
    Result<void> run();

    // Columns of the row, from 0. NULL is "" and 0.
    std::string text(int column) const;
    int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
    bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

  private:
    Database& database_;
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
    int state_;
};

/// All or nothing: what was done since it began is undone unless it is committed.
class Transaction {
  public:
    explicit Transaction(Database& database) : database_(database) {}
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    /// Takes the database's lock for writing.
    Result<void> begin();
    Result<void> commit();

  private:
    Database& database_;
    bool open_ = false;
};

}  // namespace marmoset::auth
