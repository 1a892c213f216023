// The tokens that the gate hands out and takes: those of sessions, tickets for one websocket, and tokens of
// others. In: users, texts of clients. Out: signed texts, and whom they name. Nothing here knows which are
// signed out or used.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/json_web_token.h"
#include "auth/user.h"
#include "base/result.h"
#include "settings.h"

namespace marmoset::auth_module {

/// What a good token says.
struct Session {
    std::string user, group, home;
    int64_t expires = 0;           ///< seconds since the epoch, of the session
    std::array<uint8_t, 16> id{};  ///< names the session
    std::string mark;              ///< account_mark() when it was made; empty: not ours, no store is asked
    std::string ticket;            ///< a ticket's own name, good once; empty: it is none
};

class Tokens {
  public:
    static constexpr int64_t kTicketSeconds = 30;

    static Result<Tokens> make(const Settings& settings);

    /// A session's token for a user who has just signed in. `mark`: account_mark(), or empty where there is
    /// no store: the token then tells everything.
    Result<std::string> issue(const auth::User& user, std::string_view mark, int64_t now) const;
    /// A ticket that continues `session`.
    Result<std::string> issue_ticket(const Session& session, int64_t now) const;

    /// nullopt: refused; `fault` says why, for the log. A signature with a public key takes a millisecond.
    std::optional<Session> verify(std::string_view token, int64_t now, auth::TokenFault& fault) const {
        return verify_with(keys_, token, now, fault);
    }
    /// Only those that are signed with our secret, in microseconds; TokenFault::Algorithm: it is none of
    /// them.
    std::optional<Session> verify_own(std::string_view token, int64_t now, auth::TokenFault& fault) const {
        return verify_with(own_keys_, token, now, fault);
    }
    std::optional<Session> verify_ticket(std::string_view ticket, int64_t now, auth::TokenFault& fault) const;

    /// Changes with the user's password, group, home and status: whoever signed in before is signed out by
    /// it.
    std::string account_mark(const auth::User& user) const;

  private:
    std::optional<Session> verify_with(const auth::TokenKeySet& keys, std::string_view token, int64_t now,
                                       auth::TokenFault& fault) const;
    bool is_for_us(const std::vector<std::string>& audience) const;

    std::shared_ptr<const auth::TokenKey> key_, ticket_key_;
    auth::TokenKeySet keys_, own_keys_, ticket_keys_;
    std::string secret_, issuer_, audience_;
    int64_t session_seconds_ = 0;
};

/// The name of a session: of what is signed in its token. Not of the signature: to one of ES256 anybody can
/// make another that is as good (RFC 6979 leaves it open), and would have a session that nobody has signed
/// out.
std::array<uint8_t, 16> session_id(std::string_view token);

}  // namespace marmoset::auth_module
