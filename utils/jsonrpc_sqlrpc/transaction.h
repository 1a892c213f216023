// A statement that changes something and answers with rows is all or nothing, its answer included: what can't
// be answered is not done. In: a session, the statement. Out: what it changed is kept, or not.
#pragma once

#include "session.h"

namespace marmoset::sqlrpc {

class Transaction {
  public:
    explicit Transaction(Session& session) : session_(session) {}
    /// Undoes what was not committed.
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    /// Begins one for a statement that changes something and has rows, unless the client has begun one.
    /// Before it is run.
    bool begin(sqlite3_stmt* statement, jsonrpc::Refusal& refusal);
    /// Keeps what was done since begin(). The statement is at its end.
    bool commit(jsonrpc::Refusal& refusal);

  private:
    bool run(const char* sql, jsonrpc::Refusal& refusal);

    Session& session_;
    bool open_ = false;
};

}  // namespace marmoset::sqlrpc
