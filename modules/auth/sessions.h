// Which sessions are over before their time, in all workers; and in this worker the websockets that end with
// theirs: expired, signed out, or of a user whose password or account has changed. In: sign-outs, observers.
// Out: their on_session_over(), within a second, wherever the sign-out came from.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "accounts.h"
#include "base/shared_table.h"
#include "http/identity.h"
#include "net/loop.h"

namespace marmoset::auth_module {

class Tokens;

class Sessions final : public http::SessionKeeper, private net::Timer {
  public:
    using Id = std::array<uint8_t, 16>;

    /// All outlive it. `accounts` and `tokens` may be null: no store is asked.
    Sessions(net::Loop& loop, SharedTable& revoked, Accounts* accounts, const Tokens* tokens)
        : loop_(loop), revoked_(revoked), accounts_(accounts), tokens_(tokens), epoch_(revoked.epoch()) {}
    ~Sessions();

    /// The session is over, `seconds` before it would have ended by itself. False: there is no room to
    /// remember it.
    bool revoke(const Id& id, int64_t seconds) { return revoke(revoked_, id, loop_.now(), seconds); }
    /// The same without a loop: `now_ms` is its clock's time (uv_hrtime).
    static bool revoke(SharedTable& table, const Id& id, uint64_t now_ms, int64_t seconds);
    bool is_revoked(const Id& id) const;

    // http::SessionKeeper
    void observe(const http::Identity& identity, http::SessionObserver& observer) override;

    /// Lets go of the loop: no observer is left.
    void close() { loop_.timers().disarm(*this); }

  private:
    static constexpr uint64_t kTickMs = 1000;
    static constexpr unsigned kTicksBetweenLooks = 5;  // at the store

    struct Head final : http::SessionObserver {
        void on_session_over() override {}
    };
    struct Watched {
        Head head;  // of its observers
        SharedTable::Key key;
        bool revocable = false;
        int64_t expires = 0;
        std::string user;
        std::string mark;  // of the password at its sign-in; empty: the store knows nothing of it
    };
    using Name = std::tuple<Id, std::string, std::string>;  // session, user, mark

    static SharedTable::Key key(const SharedTable& table, const Id& id) {
        return table.key("session", {reinterpret_cast<const char*>(id.data()), id.size()});
    }
    void on_timer() override;
    void end_matching(bool look_for_revoked);
    void look_at_accounts();
    void on_account(const std::string& user, const Account& account);
    static void end(Watched& watched);

    net::Loop& loop_;
    SharedTable& revoked_;
    Accounts* accounts_;
    const Tokens* tokens_;
    std::map<Name, std::unique_ptr<Watched>> watched_;
    uint64_t epoch_;
    unsigned ticks_ = 0;
    std::string asked_last_;  // of the users, in their names' order
};

}  // namespace marmoset::auth_module
