#include "gate.h"

#include <utility>
#include <vector>

#include "auth/auth_params.h"
#include "base/text.h"
#include "log/logger.h"
#include "net/connection.h"
#include "websocket/handshake.h"

namespace marmoset::auth_module {

namespace {

constexpr const char* kToken = "X-Auth-Token";
constexpr std::string_view kTicketProtocol = "ticket.";
constexpr std::string_view kTokenProtocol = "token.";

bool changes_something(http::Method method) {
    return method != http::Method::Get && method != http::Method::Head && method != http::Method::Options;
}

}  // namespace

Gate::Gate(Settings settings, Tokens tokens, Tables tables, unsigned slot, bool last)
    : settings_(std::move(settings)),
      tokens_(std::move(tokens)),
      tables_(tables),
      slot_(slot),
      last_(last),
      throttle_(tables.failures, settings_.throttle),
      nonces_(tables.nonces,
              hmac(DigestAlgorithm::Sha256, settings_.secret, {"marmoset nonce", settings_.start_secret}),
              settings_.nonce_life_ms) {}

Result<void> Gate::start(module::Worker& worker) {
    worker_ = &worker;
    store_ = settings_.store;
    if (settings_.has_store && !store_) {
        auto opened = auth::open_user_store(settings_.store_keys);
        if (!opened) return opened.error();
        store_ = opened.take();
    }
    if (store_) {
        accounts_ = std::make_unique<Accounts>(worker.loop, store_);
        verifier_ = std::make_unique<Verifier>(worker.loop, store_, settings_.realm);
    }
    pool_ = std::make_unique<WorkQueue>(worker.loop, 1, 64);
    sessions_ = std::make_unique<Sessions>(worker.loop, tables_.revocations, accounts_.get(), &tokens_);
    if (settings_.provider) {
        // Which were ended a restart forgets, and so which were begun.
        auto attempts = Attempts::make(
            hmac(DigestAlgorithm::Sha256, settings_.secret, {"marmoset attempts", settings_.start_secret}));
        if (!attempts) return attempts.error();
        attempts_ = attempts.take();
        provider_ = std::make_unique<Provider>(worker.loop, *settings_.provider, *pool_);
    }
    return {};
}

void Gate::finish() {
    if (accounts_) accounts_->close();
    if (verifier_) verifier_->close();
    if (pool_) pool_->close();
    if (sessions_) sessions_->close();
    if (provider_) provider_->close();
}

void Gate::on_done(http::Exchange& exchange) {
    delete static_cast<State*>(exchange.slot(slot_));
    exchange.slot(slot_) = nullptr;
}

Gate::State& Gate::state(http::Exchange& exchange) const {
    void*& slot = exchange.slot(slot_);
    if (!slot) slot = new State;
    return *static_cast<State*>(slot);
}

// ---- what needs a sign-in -------------------------------------------------------------------------------

// Of a request that was let in because its path is open: a websocket may be named by its subprotocol instead.
bool Gate::permits(const http::Exchange& exchange, std::string_view name) const {
    return !exchange.identity.user.empty() || settings_.is_open_server(name, exchange.request.path);
}

http::Verdict Gate::on_request(http::Exchange& exchange) {
    if (exchange.identity.keeper || !exchange.identity.user.empty()) return http::Verdict::next();
    if (settings_.type == Type::None) {
        identify(exchange, settings_.user, settings_.group, settings_.home, "None");
        exchange.identity.keeper = nullptr;
        return http::Verdict::next();
    }
    return look(exchange);
}

// What is behind the gate is decided by let_in(), once it is known who asks.
http::Verdict Gate::look(http::Exchange& exchange) {
    http::Request& request = exchange.request;
    std::string credential;
    if (request.has_upgrade && find_protocol(exchange, kTicketProtocol, credential))
        return by_ticket(exchange, credential);
    if (request.has_upgrade && find_protocol(exchange, kTokenProtocol, credential))
        return by_token(exchange, credential, "Bearer");
    bool has_credentials = false;
    const std::string_view authorization = request.header("authorization", &has_credentials);
    if (has_credentials) {
        if (request.count("authorization") > 1) return http::Verdict::fail(400);
        return by_authorization(exchange, authorization);
    }
    const std::string_view header = request.header(kToken);
    if (!header.empty()) return by_token(exchange, header, "Bearer");
    const std::string cookies = request.joined("cookie");
    const std::string_view cookie = settings_.cookie ? find_cookie(cookies, kToken) : std::string_view();
    if (!cookie.empty()) {
        state(exchange).by_cookie = true;
        return by_token(exchange, cookie, "Cookie");
    }
    return let_in(exchange);
}

http::Verdict Gate::by_authorization(http::Exchange& exchange, std::string_view value) {
    const auto credentials = auth::parse_credentials(value);
    if (!credentials) return http::Verdict::fail(400);
    if (credentials->is("Bearer")) {
        const auto token = auth::bearer_token(*credentials);
        return token ? by_token(exchange, *token, "Bearer") : http::Verdict::fail(400);
    }
    if (credentials->is("Digest") && settings_.type == Type::Digest) return by_digest(exchange, *credentials);
    const bool wants_token = exchange.request.path == settings_.token_ep && settings_.token && store_;
    // Where a second factor is asked for, a password alone is a sign-in nowhere.
    const bool suffices = settings_.takes_passwords() && !settings_.totp;
    if (credentials->is("Basic") && (suffices || wants_token)) {
        auto basic = auth::parse_basic(*credentials);
        if (!basic) return http::Verdict::fail(400);
        return by_password(exchange, {std::move(basic->user),
                                      std::move(basic->password),
                                      {},
                                      wants_token ? Purpose::Token : Purpose::Request});
    }
    return let_in(exchange);  // a scheme that is not asked for here
}

// ---- tokens ---------------------------------------------------------------------------------------------

// The value of the first offered subprotocol «prefix<value>».
bool Gate::find_protocol(const http::Exchange& exchange, std::string_view prefix, std::string& value) const {
    const std::string offered = exchange.request.joined("sec-websocket-protocol");
    std::string_view list = offered;
    while (const auto name = next_list_element(list)) {
        if (!name->starts_with(prefix)) continue;
        value = name->substr(prefix.size());
        return true;
    }
    return false;
}

// Takes credentials off the offered subprotocols: who stands behind the gate, and the answer, see none of
// them.
void Gate::hide_protocols(http::Exchange& exchange) const {
    http::Request& request = exchange.request;
    const std::string offered = request.joined("sec-websocket-protocol");
    std::string others;
    std::string_view list = offered;
    bool found = false;
    while (const auto name = next_list_element(list)) {
        if (name->starts_with(kTicketProtocol) || name->starts_with(kTokenProtocol)) {
            found = true;
            continue;
        }
        if (!others.empty()) others += ", ";
        others += *name;
    }
    if (!found) return;
    request.replace("sec-websocket-protocol", std::move(others));
    exchange.identity.offered_as_protocol = true;
}

// A signature of ours costs some microseconds; one of a public key milliseconds, and the loop does not wait.
http::Verdict Gate::by_token(http::Exchange& exchange, std::string_view token, const char* scheme) {
    struct Check {
        std::optional<Session> session;
        auth::TokenFault fault = auth::TokenFault::None;
    };
    const auto decide = [this, scheme](http::Exchange& asked, const Check& check) {
        if (check.session && !sessions_->is_revoked(check.session->id))
            return admit(asked, *check.session, scheme);
        log::debug("auth: {}: token refused: {}", asked.remote().text(),
                   check.session ? "signed out" : auth::fault_name(check.fault));
        return let_in(asked);
    };
    // Nor do those with sessions of ours wait behind whoever sends others' tokens by the dozen.
    Check own;
    own.session = tokens_.verify_own(token, now(), own.fault);
    if (!settings_.foreign_key || own.fault != auth::TokenFault::Algorithm) return decide(exchange, own);
    const auto check = std::make_shared<Check>();
    const bool posted =
        pool_->post([tokens = &tokens_, text = std::string(token), time = now(),
                     check] { check->session = tokens->verify(text, time, check->fault); },
                    [this, id = exchange.id(), check, decide] {
                        resume(id, [&](http::Exchange& waiting) { return decide(waiting, *check); });
                    });
    return posted ? http::Verdict::wait() : refuse(exchange, Failure::Busy, Purpose::Request);
}

http::Verdict Gate::by_ticket(http::Exchange& exchange, std::string_view ticket) {
    auth::TokenFault fault = auth::TokenFault::None;
    const auto session = tokens_.verify_ticket(ticket, now(), fault);
    if (!session || sessions_->is_revoked(session->id)) {
        // Before the last gate it may be another one's.
        if (session || last_) {
            log_failure(exchange, {},
                        session ? "a ticket of a session that is over" : "a ticket that is not good");
        }
        return let_in(exchange);
    }
    bool first_use = false;
    tables_.tickets.change(tables_.tickets.key("ticket", session->ticket), now_ms(),
                           [&](SharedTable::Entry& entry) {
                               first_use = entry.expires_ms == 0;
                               entry.expires_ms = now_ms() + 1000 * (Tokens::kTicketSeconds + 2);
                           });
    if (!first_use) {
        log_failure(exchange, session->user, "a ticket that was used before");
        return let_in(exchange);
    }
    return admit(exchange, *session, "Ticket");
}

// The session is good; whether its user still is, the store knows.
http::Verdict Gate::admit(http::Exchange& exchange, const Session& session, const char* scheme) {
    if (session.mark.empty()) {
        identify(exchange, session.user, session.group, session.home, scheme);
        exchange.identity.session = session.id;
        exchange.identity.expires = session.expires;
        return let_in(exchange);
    }
    if (!accounts_) return let_in(exchange);
    if (const Account* account = accounts_->recent(session.user))
        return admit_known(exchange, session, scheme, *account);
    const bool asked = accounts_->ask(session.user, [this, id = exchange.id(), session,
                                                     scheme](const Account& account) {
        resume(id, [&](http::Exchange& waiting) { return admit_known(waiting, session, scheme, account); });
    });
    return asked ? http::Verdict::wait() : refuse(exchange, Failure::Busy, Purpose::Request);
}

http::Verdict Gate::admit_known(http::Exchange& exchange, const Session& session, const char* scheme,
                                const Account& account) {
    if (account.state == Account::State::Unavailable)
        return refuse(exchange, Failure::Unavailable, Purpose::Request);
    if (!account.may_sign_in() || !equal_constant_time(session.mark, tokens_.account_mark(account.user))) {
        return let_in(exchange);
    }
    identify(exchange, account.user.name, account.user.effective_group(), account.user.home, scheme);
    exchange.identity.mark = session.mark;
    exchange.identity.session = session.id;
    exchange.identity.expires = session.expires;
    return let_in(exchange);
}

// ---- the decision ---------------------------------------------------------------------------------------

// A request that changes something, from another site's page. SameSite=Lax keeps browsers from sending the
// cookie with it; this is for those that don't know it, and for what browsers add by themselves besides.
bool Gate::is_foreign_page(const http::Exchange& exchange) const {
    const http::Request& request = exchange.request;
    return changes_something(request.method) &&
           !websocket::origin_permitted("same", request.joined("origin"), request.host, exchange.secure());
}

http::Verdict Gate::let_in(http::Exchange& exchange) {
    const auto* known = static_cast<const State*>(exchange.slot(slot_));
    const bool identified = !exchange.identity.user.empty();
    if (exchange.request.has_upgrade && (identified || last_)) hide_protocols(exchange);
    // Of cookies and passwords the page need know nothing. A token it must have been given.
    const bool unasked = (known && known->by_cookie) || exchange.identity.scheme == "Basic" ||
                         exchange.identity.scheme == "Digest";
    if (identified && unasked && is_foreign_page(exchange)) {
        log_failure(exchange, exchange.identity.user, "a request of another site's page");
        return http::Verdict::fail(403);
    }
    // As ouistiti: who sends a challenge to us wants to be asked anew.
    if (identified && exchange.request.count("www-authenticate") > 0) return sign_out(exchange, true);
    if (identified || last_ || settings_.type == Type::Form || provider_) {
        if (auto answer = at_endpoint(exchange)) return *answer;
    }
    if (identified) return http::Verdict::next();
    if (!settings_.is_open(exchange.request.path)) return ask(exchange);
    exchange.add_guard(*this);
    return http::Verdict::next();
}

}  // namespace marmoset::auth_module
