// The gate: sign-ins with a name and a password, whether of Basic, a form, or for a token. A password is
// hashed in the thread pool unless it was right lately; attempts are counted before they are made.
#include "auth/totp.h"
#include "base/base32.h"
#include "base/text.h"
#include "gate.h"
#include "net/connection.h"

namespace marmoset::auth_module {

http::Verdict Gate::by_password(http::Exchange& exchange, SignIn sign_in) {
    Verifier::Key key = verifier_->key(sign_in.user, sign_in.password);
    if (sign_in.purpose != Purpose::Request || verifier_->remembered(key).empty())
        return verify(exchange, sign_in, key);
    // It was right: it still is if the account has the same password.
    const auto decide = [this, key](http::Exchange& asked, const SignIn& one, const Account& account) {
        if (account.state == Account::State::Unavailable)
            return refuse(asked, Failure::Unavailable, one.purpose);
        if (!account.may_sign_in() || account.user.password != verifier_->remembered(key))
            return verify(asked, one, key);
        return grant(asked, account.user, "Basic", one.purpose);
    };
    if (const Account* account = accounts_->recent(sign_in.user)) return decide(exchange, sign_in, *account);
    const std::string name = sign_in.user;
    const bool asked = accounts_->ask(
        name, [this, id = exchange.id(), sign_in = std::move(sign_in), decide](const Account& account) {
            resume(id, [&](http::Exchange& waiting) { return decide(waiting, sign_in, account); });
        });
    return asked ? http::Verdict::wait() : refuse(exchange, Failure::Busy, Purpose::Request);
}

http::Verdict Gate::verify(http::Exchange& exchange, const SignIn& sign_in, const Verifier::Key& key) {
    const net::Address& address = exchange.remote();
    // Who joins tries the same password; with a code beside it the attempt is one of its own.
    const bool joins = !settings_.totp && verifier_->in_progress(key);
    if (!joins) {
        if (const uint64_t seconds = throttle_.begin(sign_in.user, address, now_ms())) {
            log_throttled(exchange, sign_in.user);
            return refuse_for(exchange, seconds);
        }
    }
    const bool started = verifier_->verify(
        key, sign_in.user, sign_in.password,
        [this, id = exchange.id(), address, sign_in, joins](const Account& account) {
            // Counted once, whoever still waits for the answer.
            if (!joins && account.state != Account::State::Missing) {
                if (account.may_sign_in() && !settings_.totp) {
                    throttle_.succeeded(sign_in.user, address, now_ms());
                } else if (account.state == Account::State::Unavailable) {
                    throttle_.take_back(sign_in.user, address, now_ms());
                }
            }
            resume(id, [&](http::Exchange& waiting) { return on_verified(waiting, sign_in, account); });
        });
    if (started) return http::Verdict::wait();
    if (!joins) throttle_.take_back(sign_in.user, address, now_ms());
    return refuse(exchange, Failure::Busy, sign_in.purpose);
}

http::Verdict Gate::on_verified(http::Exchange& exchange, const SignIn& sign_in, const Account& account) {
    if (account.state == Account::State::Unavailable)
        return refuse(exchange, Failure::Unavailable, sign_in.purpose);
    if (account.state == Account::State::Missing) {
        log_failure(exchange, sign_in.user, "wrong name or password");
        return refuse(exchange, Failure::Denied, sign_in.purpose);
    }
    if (!account.user.may_sign_in()) {
        log_failure(exchange, sign_in.user, "the account is not active");
        return refuse(exchange, Failure::Denied, sign_in.purpose);
    }
    if (settings_.totp) {
        // A code is six digits: guessing it is slowed down as guessing passwords is, and a right password
        // takes nothing back.
        if (!takes_code(account.user, sign_in.code)) {
            log_failure(exchange, sign_in.user, "wrong code");
            return refuse(exchange, Failure::Denied, sign_in.purpose);
        }
        throttle_.succeeded(sign_in.user, exchange.remote(), now_ms());
    }
    return grant(exchange, account.user, "Basic", sign_in.purpose);
}

// A code is good once, in all workers.
bool Gate::takes_code(const auth::User& user, std::string_view code) {
    for (const std::string& factor : user.factors_off) {
        if (equal_caseless(factor, "totp")) return true;
    }
    std::string totp_key = auth::totp_user_key(settings_.secret, user.name);
    if (!user.totp_key.empty()) {
        auto own = base32_decode(user.totp_key);
        if (!own) return false;
        totp_key = std::move(*own);
    }
    const auth::TotpSettings totp;
    bool right = false;
    tables_.codes.change(tables_.codes.key("totp", user.name), now_ms(), [&](SharedTable::Entry& entry) {
        const auto counter =
            auth::verify_totp(totp, totp_key, code, static_cast<uint64_t>(now()), entry.first);
        if (!counter) return;
        right = true;
        entry.first = *counter;
        entry.expires_ms = now_ms() + 1000 * uint64_t{totp.period} * (2 * totp.window + 2);
    });
    return right;
}

}  // namespace marmoset::auth_module
