// The gate in front of every request of a server. In: requests. Out: requests whose identity is known, or
// answers that ask for one. What a request may bring is looked at in this order: a ticket or token among a
// websocket's subprotocols, Authorization, a token in X-Auth-Token, the session's cookie.
//
// Its parts: gate.cpp decides, passwords.cpp and digest_gate.cpp check what has to be waited for,
// provider_gate.cpp sends to a provider and takes what comes back, endpoints.cpp is what the gate answers by
// itself, management_gate.cpp the users' management, answers.cpp how it grants and refuses.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts.h"
#include "attempts.h"
#include "auth/digest_access.h"
#include "form.h"
#include "module/abi.h"
#include "nonces.h"
#include "provider.h"
#include "sessions.h"
#include "settings.h"
#include "throttle.h"
#include "tokens.h"
#include "verifier.h"

namespace marmoset::auth_module {

/// Tables in shared memory, see module::SharedState.
struct Tables {
    SharedTable& tickets;      ///< used ones
    SharedTable& nonces;       ///< counts of Digest
    SharedTable& failures;     ///< of sign-ins
    SharedTable& revocations;  ///< of sessions
    SharedTable& codes;        ///< used ones of second factors
};

class Gate final : private http::BodyReader, private http::PathGuard {
  public:
    /// `last`: no further gate is asked after this one.
    Gate(Settings settings, Tokens tokens, Tables tables, unsigned slot, bool last);

    Result<void> start(module::Worker& worker);
    void finish();
    http::Verdict on_request(http::Exchange& exchange);
    void on_response(http::Exchange& exchange);
    void on_done(http::Exchange& exchange);

  private:
    /// Where a password came from, and so how its answer looks.
    enum class Purpose : uint8_t { Request, Form, Token };
    /// What a request with a sign-in needs to know until its answer; in the exchange's slot.
    struct State {
        std::string body;       // of a form
        std::string scheme;     // that let it in
        std::string return_to;  // where the browser goes after a form; empty: nowhere in particular
        std::string managed;    // whom the body is about; empty: it tells itself
        bool by_cookie = false;
        bool reads = false;    // the body has been asked for
        bool manages = false;  // the body is one of the users' management
    };
    struct SignIn {
        std::string user, password, code;
        Purpose purpose = Purpose::Request;
    };
    enum class Failure : uint8_t { Denied, Busy, Unavailable };

    // gate.cpp
    http::Verdict look(http::Exchange& exchange);
    http::Verdict by_authorization(http::Exchange& exchange, std::string_view value);
    http::Verdict by_token(http::Exchange& exchange, std::string_view token, const char* scheme);
    http::Verdict by_ticket(http::Exchange& exchange, std::string_view ticket);
    http::Verdict admit(http::Exchange& exchange, const Session& session, const char* scheme);
    http::Verdict admit_known(http::Exchange& exchange, const Session& session, const char* scheme,
                              const Account& account);
    bool find_protocol(const http::Exchange& exchange, std::string_view prefix, std::string& value) const;
    void hide_protocols(http::Exchange& exchange) const;
    bool permits(const http::Exchange& exchange, std::string_view name) const override;
    bool is_foreign_page(const http::Exchange& exchange) const;
    http::Verdict let_in(http::Exchange& exchange);

    // passwords.cpp
    http::Verdict by_password(http::Exchange& exchange, SignIn sign_in);
    http::Verdict verify(http::Exchange& exchange, const SignIn& sign_in, const Verifier::Key& key);
    http::Verdict on_verified(http::Exchange& exchange, const SignIn& sign_in, const Account& account);
    bool takes_code(const auth::User& user, std::string_view code);

    // digest_gate.cpp
    http::Verdict by_digest(http::Exchange& exchange, const auth::AuthScheme& fields);
    http::Verdict find_digest_user(http::Exchange& exchange, const auth::DigestCredentials& credentials);
    http::Verdict on_digest_user(http::Exchange& exchange, const auth::DigestCredentials& credentials,
                                 const Account& account);
    std::string digest_challenge(bool stale) const;
    // endpoints.cpp
    http::Verdict ask_for_body(http::Exchange& exchange);
    static bool is_form(const http::Request& request);
    std::optional<http::Verdict> at_endpoint(http::Exchange& exchange);
    http::Verdict tell_identity(http::Exchange& exchange);
    http::Verdict tell_session(http::Exchange& exchange);
    http::Verdict read_form(http::Exchange& exchange);
    http::Verdict sign_in_by_form(http::Exchange& exchange);
    http::Verdict hand_out_token(http::Exchange& exchange);
    http::Verdict hand_out_ticket(http::Exchange& exchange);
    http::Verdict sign_out(http::Exchange& exchange, bool ask_again);
    http::Verdict signed_out(http::Exchange& exchange, bool ask_again);
    http::Verdict on_body(http::Exchange& exchange, Bytes piece) override;
    http::Verdict on_body_end(http::Exchange& exchange) override;

    // provider_gate.cpp
    std::string callback_path() const { return settings_.auth_ep + "/callback"; }
    std::string callback_url(const http::Exchange& exchange) const;
    http::Verdict begin_at_provider(http::Exchange& exchange);
    http::Verdict go_to_provider(http::Exchange& exchange, const auth::OpenIdProvider& provider);
    http::Verdict return_from_provider(http::Exchange& exchange);
    http::Verdict redeem(http::Exchange& exchange, const auth::OpenIdProvider& provider,
                         const auth::OpenIdAttempt& attempt);
    void on_claims(http::ExchangeId id, const Result<Json>& claims);
    http::Verdict on_provider_failure(http::Exchange& exchange, const Error& error);

    // management_gate.cpp
    http::Verdict manage(http::Exchange& exchange, std::string_view name);
    http::Verdict manage_body(http::Exchange& exchange, const std::string& body);
    http::Verdict list_users(http::Exchange& exchange);
    http::Verdict show_user(http::Exchange& exchange, const std::string& name);
    http::Verdict remove_user(http::Exchange& exchange, const std::string& name);
    http::Verdict in_store(http::Exchange& exchange, const std::string& name, unsigned status,
                           std::function<Result<void>(std::vector<auth::User>&)> work);
    http::Verdict answer_management(http::Exchange& exchange, const std::string& name, unsigned status,
                                    const std::vector<auth::User>& users);
    http::Verdict refuse_management(http::Exchange& exchange, const std::string& name, const Error& error);

    // answers.cpp
    void identify(http::Exchange& exchange, std::string_view user, std::string_view group,
                  std::string_view home, const char* scheme);
    http::Verdict grant(http::Exchange& exchange, const auth::User& user, const char* scheme,
                        Purpose purpose);
    http::Verdict signed_in(http::Exchange& exchange, const std::string& token, Purpose purpose);
    void add_token(http::Exchange& exchange, const std::string& token, const auth::User& user);
    void add_cookie(http::Exchange& exchange, std::string_view name, std::string_view value, bool secret,
                    int64_t seconds, std::string_view path = "/") const;
    void drop_cookies(http::Exchange& exchange) const;
    http::Verdict ask(http::Exchange& exchange, bool stale = false);
    std::string challenge(bool stale) const;
    std::string failed_location(std::string_view target) const;
    bool shows_dialog() const;  // of the browser itself
    http::Verdict refuse(http::Exchange& exchange, Failure failure, Purpose purpose);
    http::Verdict refuse_sign_in(http::Exchange& exchange, unsigned status, const char* text);
    http::Verdict refuse_for(http::Exchange& exchange, uint64_t seconds);
    http::Verdict answer_json(http::Exchange& exchange, unsigned status, std::string_view json) const;
    void log_failure(const http::Exchange& exchange, std::string_view user, const char* why) const;
    void log_throttled(const http::Exchange& exchange, std::string_view user) const;

    State& state(http::Exchange& exchange) const;
    /// Calls `decide(exchange)` and resumes, if the exchange is still there.
    template <typename Decide>
    void resume(http::ExchangeId id, Decide decide) {
        http::Exchange* const exchange = worker_->exchanges.find(id);
        if (!exchange) return;
        const http::Verdict verdict = decide(*exchange);
        // With Wait, too, where the body has been asked for: it is read on then, and only then.
        const auto* known = static_cast<const State*>(exchange->slot(slot_));
        if (verdict.kind != http::Verdict::Wait || (known && known->reads)) exchange->resume(verdict);
    }
    uint64_t now_ms() const { return worker_->loop.now(); }
    int64_t now() const { return worker_->loop.wall_seconds(); }

    const Settings settings_;
    const Tokens tokens_;
    const Tables tables_;
    const unsigned slot_;
    const bool last_;
    Throttle throttle_;
    Nonces nonces_;
    std::shared_ptr<auth::UserStore> store_;  // null: there is none
    module::Worker* worker_ = nullptr;        // outlives the instance's last hook
    std::unique_ptr<Accounts> accounts_;      // null: there is no store
    std::unique_ptr<Verifier> verifier_;      // likewise
    std::unique_ptr<WorkQueue> pool_;         // for signatures of others, and hashed names
    std::unique_ptr<Sessions> sessions_;
    std::unique_ptr<Provider> provider_;  // null: the type is not oAuth2
    std::optional<Attempts> attempts_;    // likewise
};

}  // namespace marmoset::auth_module
