// The gate: Digest (RFC 7616). The nonce is judged first, then the response, then its count is used up: a
// stranger can't use up anybody's counts. Reckoning a response takes no time, so an attempt is counted only
// then: requests that wait for their user's account are none yet, however many come at once.
#include "auth/password_hash.h"
#include "base/random.h"
#include "base/text.h"
#include "gate.h"
#include "log/logger.h"
#include "net/connection.h"

namespace marmoset::auth_module {

namespace {

constexpr size_t kUsersAtOnce = 256;
constexpr size_t kMostUsersSearched = 65536;

// Whose name has this hash; empty: nobody's. Blocks.
std::string search_user(auth::UserStore& store, const auth::DigestCredentials& credentials) {
    std::string after;
    for (size_t seen = 0; seen < kMostUsersSearched; seen += kUsersAtOnce) {
        auto users = store.list(after, kUsersAtOnce);
        if (!users || users->empty()) break;
        for (const auth::User& user : *users) {
            const std::string hash =
                auth::digest_userhash(credentials.algorithm, user.name, credentials.realm);
            if (equal_constant_time(hash, credentials.username)) return user.name;
        }
        after = users->back().name;
    }
    return {};
}

}  // namespace

std::string Gate::digest_challenge(bool stale) const {
    auth::DigestChallenge challenge;
    challenge.realm = settings_.realm;
    challenge.nonce = nonces_.make(now_ms());
    challenge.opaque = settings_.opaque;
    challenge.algorithm = settings_.algorithm;
    challenge.stale = stale;
    challenge.userhash = settings_.userhash;
    return auth::format_digest_challenge(challenge);
}

http::Verdict Gate::by_digest(http::Exchange& exchange, const auth::AuthScheme& fields) {
    auto parsed = auth::parse_digest_credentials(fields);
    if (!parsed) {
        return exchange.respond(400, "text/plain; charset=utf-8", "400 " + parsed.error().text + "\n");
    }
    const auth::DigestCredentials& credentials = *parsed;
    // RFC 7616 3.4.6: what the response was made for must be what is asked for.
    if (credentials.uri != exchange.request.raw_target)
        return exchange.respond(400, "text/plain; charset=utf-8", "400 uri is not the request's target\n");
    if (credentials.realm != settings_.realm || credentials.algorithm != settings_.algorithm ||
        credentials.session || (credentials.userhash && !settings_.userhash)) {
        return ask(exchange);
    }
    const Nonces::State nonce = nonces_.check(credentials.nonce, now_ms());
    if (nonce != Nonces::State::Good) return ask(exchange, nonce == Nonces::State::Stale);
    if (!credentials.userhash) return find_digest_user(exchange, credentials);
    // A walk over the users costs more than a response: not for those who are held back anyway.
    if (const uint64_t seconds = throttle_.wait(exchange.remote(), now_ms())) {
        log_throttled(exchange, {});
        return refuse_for(exchange, seconds);
    }
    const auto name = std::make_shared<std::string>();
    const bool posted =
        pool_->post([store = store_, credentials, name] { *name = search_user(*store, credentials); },
                    [this, id = exchange.id(), hashed = auth::DigestCredentials(credentials), name] {
                        auth::DigestCredentials named = hashed;
                        named.username = *name;
                        resume(id, [&](http::Exchange& waiting) { return find_digest_user(waiting, named); });
                    });
    return posted ? http::Verdict::wait() : refuse(exchange, Failure::Busy, Purpose::Request);
}

http::Verdict Gate::find_digest_user(http::Exchange& exchange, const auth::DigestCredentials& credentials) {
    // Nobody's, and nothing to be remembered.
    if (!auth::is_valid_user_name(credentials.username))
        return on_digest_user(exchange, credentials, Account());
    if (const Account* account = accounts_->recent(credentials.username))
        return on_digest_user(exchange, credentials, *account);
    const bool asked = accounts_->ask(credentials.username, [this, id = exchange.id(),
                                                             credentials](const Account& account) {
        resume(id, [&](http::Exchange& waiting) { return on_digest_user(waiting, credentials, account); });
    });
    return asked ? http::Verdict::wait() : refuse(exchange, Failure::Busy, Purpose::Request);
}

http::Verdict Gate::on_digest_user(http::Exchange& exchange, const auth::DigestCredentials& credentials,
                                   const Account& account) {
    if (account.state == Account::State::Unavailable)
        return refuse(exchange, Failure::Unavailable, Purpose::Request);
    const net::Address& address = exchange.remote();
    if (const uint64_t seconds = throttle_.begin(credentials.username, address, now_ms())) {
        log_throttled(exchange, credentials.username);
        return refuse_for(exchange, seconds);
    }
    // Who does not exist has a random secret: the same is reckoned for him, in vain.
    std::string ha1(digest_size(settings_.algorithm), '\0');
    random_bytes({reinterpret_cast<uint8_t*>(ha1.data()), ha1.size()});
    bool usable = false;
    if (account.state == Account::State::Known) {
        auto stored =
            auth::digest_ha1(account.user.password, account.user.name, settings_.realm, settings_.algorithm);
        usable = stored.has_value();
        if (stored) ha1 = std::move(*stored);
    }
    const bool right = auth::verify_digest_response(credentials, exchange.request.method_name, ha1);
    if (!right || !usable || !account.may_sign_in()) {
        log_failure(exchange, credentials.username,
                    account.state == Account::State::Known && !usable
                        ? "its stored password is of no use to Digest; marmoset_passwd -T Digest makes one"
                        : "wrong name or password");
        return refuse(exchange, Failure::Denied, Purpose::Request);
    }
    throttle_.succeeded(credentials.username, address, now_ms());
    if (!nonces_.use(credentials.nonce, credentials.nonce_count, now_ms())) {
        log_failure(exchange, credentials.username, "a nonce count that was used before");
        return ask(exchange, true);
    }
    exchange.response.add("Authentication-Info", auth::digest_authentication_info(credentials, ha1, {}));
    return grant(exchange, account.user, "Digest", Purpose::Request);
}

}  // namespace marmoset::auth_module
