// What a statement may do, asked by SQLite for each of its parts while it is compiled. In: actions. Out: yes
// or no. Deny by default: an action that is not known is refused.
#pragma once

namespace marmoset::sqlrpc {

struct Permissions {
    bool write = false;         ///< tables may be changed
    bool transactions = false;  ///< BEGIN, COMMIT, ROLLBACK, SAVEPOINT
    /// Something was not permitted since it was set to false: SQLite's own code is not always SQLITE_AUTH.
    bool refused = false;
};

/// For sqlite3_set_authorizer; `context` is a Permissions.
int authorize(void* context, int action, const char* first, const char* second, const char* schema,
              const char* trigger);

}  // namespace marmoset::sqlrpc
