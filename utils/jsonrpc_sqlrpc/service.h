// The methods of sqlrpc. In: calls with their clients. Out: answers. Blocks on databases, for the call's time
// at most; thread-safe.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "client.h"
#include "folder.h"
#include "jsonrpc/answer.h"
#include "jsonrpc/line_limit.h"
#include "session.h"
#include "settings.h"

namespace marmoset::sqlrpc {

using jsonrpc::Answer;
using jsonrpc::Refusal;

/// Lines for the log.
using Log = std::function<void(const std::string&)>;

/// One call: by whom, with what.
struct Call {
    Client& client;
    const json_t* params;  ///< by name (jsonrpc/named_params.h)
    CallLimits limits;
};

class Service {
  public:
    static Result<std::unique_ptr<Service>> open(Settings settings, Log log);

    // Those of ouistiti: refusals are results.
    Answer exec(Call& call);
    Answer list(Call& call);
    Answer get(Call& call);
    Answer view(Call& call);
    Answer auth(Call& call);

    // Refusals are errors.
    Answer query(Call& call);
    Answer fetch(Call& call);
    Answer close(Call& call);
    Answer databases(Call& call);
    Answer tables(Call& call);
    Answer schema(Call& call);

    const Settings& settings() const { return settings_; }
    /// Until when a call that begins now may take.
    uint64_t deadline_ms() const;

    void add(Client& client);
    void remove(Client& client);
    /// Gives up the cursors that nobody has asked for a minute, those that have lived long enough, since one
    /// keeps what it reads from being tidied up (WAL's checkpoints), and the locks of those that are not
    /// WAL's and have had one for kHoldMs. To be called every second.
    void sweep(uint64_t now_ms);

    static constexpr size_t kMostCursors = 4;  ///< of a client
    static constexpr uint64_t kCursorMs = 60'000;
    static constexpr uint64_t kHoldMs = 500;

  private:
    Service(Settings settings, Folder folder, Log log)
        : settings_(std::move(settings)), folder_(std::move(folder)), log_(std::move(log)) {}

    /// For what opens no database: open() asks it itself, so that no method can forget to.
    bool may_ask(const Call& call, Refusal& refusal);
    /// The database that `db` of the params means; nullptr: the refusal says why, also that the caller may
    /// not ask.
    std::unique_ptr<Session> open(Call& call, Refusal& refusal);
    /// Whether a call could not have all of its memory.
    bool is_low() const;
    /// Now and while the call works: when memory is low, cursors of others are given up, the one first that
    /// was asked longest ago.
    void make_room(Call& call);
    /// False: nobody else has one, but those who are in a call.
    bool give_up_oldest(const Client& caller);
    /// Lets writers in, where a cursor has kept them out for long enough.
    static void let_go(Cursor& cursor, uint64_t now_ms);
    /// `name` as it stands in the schema.
    bool find_table(Session& session, std::string& name, Refusal& refusal) const;
    /// The rows of one statement of ours, as objects.
    Answer rows_of(const Call& call, Session& session, const std::string& sql, const json_t* values) const;
    bool run_script(const Call& call, Session& session, Answer& answer, Refusal& refusal) const;
    PageLimits page(uint64_t rows) const { return {std::min(rows, settings_.rows), settings_.size}; }

    const Settings settings_;
    const Folder folder_;
    const Log log_;
    jsonrpc::LineLimit denied_limit_;

    std::mutex mutex_;  // guards the clients
    std::set<Client*> clients_;
};

}  // namespace marmoset::sqlrpc
