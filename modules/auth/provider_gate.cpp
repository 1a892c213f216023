// The gate: sign-ins at an OpenID or OAuth 2.0 provider. Browsers go there from auth_ep/begin and come back
// to auth_ep/callback; what they have to bring back is in a cookie of their own, so that nobody can end an
// attempt that he has not begun. The session is then the same as after a form.
#include <cerrno>

#include "base/percent.h"
#include "gate.h"
#include "log/logger.h"
#include "net/connection.h"

namespace marmoset::auth_module {

namespace {

constexpr size_t kMostQueryFields = 32;
constexpr const char* kBusy = "503 too many sign-ins at a time; try again\n";
constexpr const char* kUnreachable = "502 the sign-in's provider can't be reached; try again later\n";

std::string query_field(std::string_view query, std::string_view wanted) {
    const auto fields = parse_form(query, kMostQueryFields);
    if (!fields) return {};
    for (const auto& [name, value] : *fields) {
        if (name == wanted) return value;
    }
    return {};
}

// Not a user's name: those have no control characters.
std::string throttle_name(const net::Address& address) {
    return "\nprovider " + address.host();
}

}  // namespace

std::string Gate::callback_url(const http::Exchange& exchange) const {
    const std::string& configured = settings_.provider->client.redirect_uri;
    if (!configured.empty()) return configured;
    return std::string(exchange.secure() ? "https://" : "http://") + std::string(exchange.request.host) +
           callback_path();
}

// ---- to the provider ------------------------------------------------------------------------------------

http::Verdict Gate::begin_at_provider(http::Exchange& exchange) {
    const http::Request& request = exchange.request;
    if (request.host.empty()) return http::Verdict::fail(400);
    const std::string target = query_field(request.target.query, "redirect_uri");
    // Behind a sign-in nothing of the gate's own is of use.
    if (is_local_target(target) && !target.starts_with(settings_.auth_ep + "/"))
        state(exchange).return_to = target;
    if (const auth::OpenIdProvider* provider = provider_->known()) return go_to_provider(exchange, *provider);
    const bool asked = provider_->find([this, id = exchange.id()](const auth::OpenIdProvider* provider) {
        resume(id, [&](http::Exchange& waiting) {
            return provider ? go_to_provider(waiting, *provider) : refuse_sign_in(waiting, 502, kUnreachable);
        });
    });
    return asked ? http::Verdict::wait() : refuse_sign_in(exchange, 502, kUnreachable);
}

http::Verdict Gate::go_to_provider(http::Exchange& exchange, const auth::OpenIdProvider& provider) {
    const Attempt attempt = attempts_->begin(state(exchange).return_to);
    const auto cookie = attempts_->write(attempt, now());
    if (!cookie) return http::Verdict::fail(500);
    auth::OpenIdClient client = settings_.provider->client;
    client.redirect_uri = callback_url(exchange);
    add_cookie(exchange, Attempts::cookie_name(attempt.texts.state), *cookie, true, Attempts::kSeconds,
               callback_path());
    exchange.response.set("Cache-Control", "no-store");
    exchange.response.set("Location", auth::authorization_url(provider, client, attempt.texts));
    return exchange.respond(302);
}

// ---- and back -------------------------------------------------------------------------------------------

http::Verdict Gate::return_from_provider(http::Exchange& exchange) {
    const http::Request& request = exchange.request;
    const std::string answered = query_field(request.target.query, "state");
    const std::string name = Attempts::cookie_name(answered);
    const std::string cookies = request.joined("cookie");
    const auto attempt = attempts_->read(find_cookie(cookies, name), answered, now());
    bool first = false;
    if (attempt) {
        add_cookie(exchange, name, "", true, 0, callback_path());
        state(exchange).return_to = attempt->return_to;
        tables_.tickets.change(tables_.tickets.key("attempt", answered), now_ms(),
                               [&](SharedTable::Entry& entry) {
                                   first = entry.expires_ms == 0;
                                   entry.expires_ms = now_ms() + 1000 * (Attempts::kSeconds + 2);
                               });
    }
    if (!first) {
        log_failure(exchange, {}, "an answer of the provider to no question of ours");
        return refuse_sign_in(exchange, 400,
                              "400 this sign-in was not begun here, or has taken too long; begin again\n");
    }
    if (const auth::OpenIdProvider* provider = provider_->known())
        return redeem(exchange, *provider, attempt->texts);
    const bool asked = provider_->find(
        [this, id = exchange.id(), texts = attempt->texts](const auth::OpenIdProvider* found) {
            resume(id, [&](http::Exchange& waiting) {
                return found ? redeem(waiting, *found, texts) : refuse_sign_in(waiting, 502, kUnreachable);
            });
        });
    return asked ? http::Verdict::wait() : refuse_sign_in(exchange, 502, kUnreachable);
}

http::Verdict Gate::redeem(http::Exchange& exchange, const auth::OpenIdProvider& provider,
                           const auth::OpenIdAttempt& attempt) {
    const auto code = auth::parse_authorization_response(exchange.request.target.query, provider, attempt);
    if (!code) return on_provider_failure(exchange, code.error());
    // Whoever guesses codes has the provider asked by us: as with passwords, not without end.
    const net::Address& address = exchange.remote();
    if (const uint64_t seconds = throttle_.begin(throttle_name(address), address, now_ms())) {
        log_throttled(exchange, {});
        return refuse_for(exchange, seconds);
    }
    const auto begun = provider_->redeem(
        attempt, callback_url(exchange), *code, [this, id = exchange.id(), address](Result<Json> claims) {
            if (claims) {
                throttle_.succeeded(throttle_name(address), address, now_ms());
            } else if (claims.error().code != EACCES) {
                throttle_.take_back(throttle_name(address), address, now_ms());
            }
            on_claims(id, claims);
        });
    if (begun) return http::Verdict::wait();
    throttle_.take_back(throttle_name(address), address, now_ms());
    return on_provider_failure(exchange, begun.error());
}

void Gate::on_claims(http::ExchangeId id, const Result<Json>& claims) {
    const auto user = claims ? user_of_claims(claims->get(), settings_.provider->rules) : claims.error();
    if (!user) {
        resume(id, [&](http::Exchange& waiting) { return on_provider_failure(waiting, user.error()); });
        return;
    }
    if (!accounts_) {
        resume(id, [&](http::Exchange& waiting) { return grant(waiting, *user, "OpenID", Purpose::Form); });
        return;
    }
    // The provider says who it is, the store what he may do, and whether he may come in at all.
    const auto decide = [this, id](const Account& account) {
        resume(id, [&](http::Exchange& waiting) {
            if (account.state == Account::State::Unavailable)
                return refuse(waiting, Failure::Unavailable, Purpose::Form);
            if (!account.may_sign_in())
                return on_provider_failure(waiting, Error{"the user has no active account here", EACCES});
            return grant(waiting, account.user, "OpenID", Purpose::Form);
        });
    };
    if (const Account* account = accounts_->recent(user->name)) {
        decide(Account(*account));
    } else if (!accounts_->ask(user->name, decide)) {
        resume(id, [&](http::Exchange& waiting) { return refuse(waiting, Failure::Busy, Purpose::Form); });
    }
}

// ---- failures -------------------------------------------------------------------------------------------

http::Verdict Gate::on_provider_failure(http::Exchange& exchange, const Error& error) {
    log_failure(exchange, {}, error.text.c_str());
    if (error.code == EBUSY) return refuse_sign_in(exchange, 503, kBusy);
    if (error.code == EACCES) return refuse_sign_in(exchange, 403, "403 the sign-in was refused\n");
    return refuse_sign_in(exchange, 502, "502 the answer of the sign-in's provider is of no use\n");
}

}  // namespace marmoset::auth_module
