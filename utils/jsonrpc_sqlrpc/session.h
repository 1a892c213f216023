// One opened database in the hands of a client: SQLite with everything off that reaches beyond the file, and
// with limits on time and memory. In: a place, settings. Out: compiled statements. Used by one thread at a
// time; every use is within a Session::Use.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "authorizer.h"
#include "folder.h"
#include "jsonrpc/answer.h"
#include "memory_budget.h"
#include "settings.h"

namespace marmoset::sqlrpc {

/// Of one call: until when, and whether somebody still waits for it.
struct CallLimits {
    uint64_t deadline_ms = 0;  ///< of the monotonic clock
    std::function<bool()> cancelled = [] { return false; };
    std::function<void()> make_room = [] {};  ///< called every now and then: what others can spare goes
};

/// A compiled statement.
using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

class Session {
  public:
    /// nullptr: `refusal` says why.
    static std::unique_ptr<Session> open(const Place& place, const Settings& settings,
                                         const CallLimits& limits, jsonrpc::Refusal& refusal);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Around each use: what it takes is counted for this session, and it ends by the call's limits, which
    /// outlive it.
    class Use {
      public:
        Use(Session& session, const CallLimits& limits);
        ~Use();
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

      private:
        Session& session_;
        const CallLimits* const outer_;
        MemoryBudget::Scope scope_;
    };

    sqlite3* handle() const { return handle_; }
    Permissions& permissions() { return permissions_; }
    /// Readers don't hold up writers, nor the other way round.
    bool has_wal() const { return has_wal_; }

    /// Compiles the first statement of `sql` and moves `sql` behind it. No statement and no refusal: there is
    /// none left. `whole`: what `sql` is the end of; places in refusals count from its beginning. Behind the
    /// end of `sql` there is a NUL.
    Statement compile(std::string_view& sql, std::string_view whole, jsonrpc::Refusal& refusal);
    /// Compiles `sql`, which is ours; a NUL is behind it.
    Statement compile(std::string_view sql, jsonrpc::Refusal& refusal);

    /// Why the last call failed. `statement`: its text, where it lies in `whole`.
    jsonrpc::Refusal failure(int code, std::string_view statement = {}, std::string_view whole = {}) const;

  private:
    Session(const Settings& settings) : budget_(settings.memory, &ended_) {}
    bool prepare(const Settings& settings, jsonrpc::Refusal& refusal);
    bool run(const char* sql, jsonrpc::Refusal& refusal);
    bool read_journal_mode(const char* pragma, jsonrpc::Refusal& refusal);
    bool is_over() const;
    /// Whether a call's time is over: there is none while cursors are given up and sessions end.
    bool has_ended() const;
    static int on_progress(void* session);
    static int on_busy(void* session, int count);

    sqlite3* handle_ = nullptr;
    const std::function<bool()> ended_ = [this] { return has_ended(); };
    MemoryBudget budget_;
    Permissions permissions_;
    const CallLimits* limits_ = nullptr;
    bool has_wal_ = false;
};

}  // namespace marmoset::sqlrpc
