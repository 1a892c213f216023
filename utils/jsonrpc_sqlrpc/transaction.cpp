#include "transaction.h"

namespace marmoset::sqlrpc {

Transaction::~Transaction() {
    // SQLite has undone it itself where it failed altogether.
    jsonrpc::Refusal unimportant;
    if (open_ && sqlite3_get_autocommit(session_.handle()) == 0) (void)run("ROLLBACK", unimportant);
}

bool Transaction::begin(sqlite3_stmt* statement, jsonrpc::Refusal& refusal) {
    if (sqlite3_stmt_readonly(statement) || sqlite3_column_count(statement) == 0 ||
        sqlite3_get_autocommit(session_.handle()) == 0)
        return true;
    return open_ = run("BEGIN", refusal);
}

bool Transaction::commit(jsonrpc::Refusal& refusal) {
    if (!open_) return true;
    if (!run("COMMIT", refusal)) return false;
    open_ = false;
    return true;
}

// Clients may not, but by exec.
bool Transaction::run(const char* sql, jsonrpc::Refusal& refusal) {
    Permissions& permissions = session_.permissions();
    const Permissions theirs = permissions;
    permissions.transactions = true;
    const int code = sqlite3_exec(session_.handle(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) refusal = session_.failure(sqlite3_extended_errcode(session_.handle()));
    permissions = theirs;
    return code == SQLITE_OK;
}

}  // namespace marmoset::sqlrpc
