#include "provider.h"

#include <cerrno>

#include "log/logger.h"
#include "tls/mbedtls/transport.h"

namespace marmoset::auth_module {

// ---- questions ------------------------------------------------------------------------------------------

Result<void> ProviderCalls::ask(const std::string& text, http::ClientRequest request, bool any_status,
                                Done done) {
    auto url = http::parse_url(text);
    if (!url) return url.error();
    if (url->secure && !settings_.tls)
        return Error{"the provider has an https: URL; cachain has to be set", EPROTO};
    if (closed_ || calls_.size() >= kMost)
        return Error{"too many questions to the provider at a time", EBUSY};
    request.url = url.take();
    http::ClientCall::Limits limits;
    limits.timeout_ms = settings_.timeout_ms;
    limits.largest = auth::kLargestProviderAnswer;
    const auto place = calls_.emplace(calls_.end());
    *place = std::make_unique<http::ClientCall>(
        loop_, std::move(request), limits,
        [tls = settings_.tls](std::unique_ptr<net::Transport> socket, const std::string& host) {
            return std::make_unique<tls::mbedtls::Transport>(std::move(socket), tls, host);
        },
        [this, place, any_status, done = std::move(done)](Result<http::ClientAnswer> answer) {
            calls_.erase(place);
            if (answer && !any_status && answer->status != 200)
                answer = Error{"the answer's status is " + std::to_string(answer->status), EPROTO};
            done(std::move(answer));
        });
    return {};
}

// ---- documents ------------------------------------------------------------------------------------------

bool ProviderDocument::fetch(const std::string& url, Done done) {
    if (has_failed() || waiting_.size() >= kMostWaiting) return false;
    if (waiting_.empty()) {
        const auto begun = calls_.ask(
            url, {}, false, [this](const Result<http::ClientAnswer>& answer) { on_answer(answer); });
        if (!begun) {
            log::error("auth: the provider's {}: {}", name_, begun.error().text);
            return false;
        }
    }
    waiting_.push_back(std::move(done));
    return true;
}

bool ProviderDocument::may_be_refreshed() {
    if (has_failed() || (looked_ms_ != 0 && loop_.now() - looked_ms_ < kRefreshMs)) return false;
    looked_ms_ = loop_.now();
    return true;
}

void ProviderDocument::on_answer(const Result<http::ClientAnswer>& answer) {
    const Result<void> taken = answer ? take_(answer->body) : answer.error();
    if (taken) {
        fetched_ms_ = loop_.now();
        failed_ms_ = 0;
    } else {
        failed_ms_ = loop_.now();
        log::error("auth: the provider's {}: {}", name_, taken.error().text);
    }
    const std::vector<Done> waiting = std::move(waiting_);
    waiting_.clear();
    for (const Done& done : waiting)
        done(fetched_ms_ != 0);
}

// ---- the provider ---------------------------------------------------------------------------------------

Provider::Provider(net::Loop& loop, const ProviderSettings& settings, WorkQueue& pool)
    : loop_(loop),
      settings_(settings),
      pool_(pool),
      calls_(loop, settings),
      discovery_(calls_, loop, "discovery document",
                 [this](std::string_view text) -> Result<void> {
                     auto found = auth::parse_openid_provider(text, settings_.issuer);
                     if (!found) return found.error();
                     found_ = found.take();
                     return {};
                 }),
      key_set_(calls_, loop, "keys", [this](std::string_view text) -> Result<void> {
          auto keys = auth::TokenKeySet::parse(text);
          if (!keys) return keys.error();
          keys_ = std::make_shared<const auth::TokenKeySet>(keys.take());
          return {};
      }) {
    if (!settings_.openid()) found_ = settings_.endpoints;
}

const auth::OpenIdProvider* Provider::known() const {
    return !settings_.openid() || discovery_.ready() ? &*found_ : nullptr;
}

bool Provider::find(Found found) {
    return discovery_.fetch(settings_.discovery, [this, found = std::move(found)](bool usable) {
        found(usable ? &*found_ : nullptr);
    });
}

Result<void> Provider::redeem(const auth::OpenIdAttempt& attempt, const std::string& redirect_uri,
                              std::string_view code, Done done) {
    const auto one = std::make_shared<Redemption>();
    one->attempt = attempt;
    one->done = std::move(done);
    auth::OpenIdClient client = settings_.client;
    client.redirect_uri = redirect_uri;
    auth::TokenRequest wanted = auth::token_request(*found_, client, attempt, code);
    http::ClientRequest request;
    request.body = std::move(wanted.body);
    request.content_type = "application/x-www-form-urlencoded";
    request.authorization = std::move(wanted.authorization);
    // Refusals come with a status of 400 or 401 (RFC 6749 5.2).
    return calls_.ask(found_->token_endpoint, std::move(request), true,
                      [this, one](const Result<http::ClientAnswer>& answer) { on_tokens(one, answer); });
}

void Provider::on_tokens(const Ref& one, const Result<http::ClientAnswer>& answer) {
    if (!answer) return one->done(answer.error());
    auto tokens = auth::parse_token_response(answer->body, settings_.openid());
    if (!tokens) return one->done(tokens.error());
    if (answer->status != 200) return one->done(Error{"the token endpoint's status is not 200", EPROTO});
    one->access_token = std::move(tokens->access_token);
    one->id_token = std::move(tokens->id_token);
    if (!settings_.openid()) return ask_userinfo(one);
    if (key_set_.ready()) return check_token(one);
    fetch_keys(one);
}

void Provider::fetch_keys(const Ref& one) {
    const auto fetched = [this, one](bool usable) {
        if (!usable) return one->done(Error{"the provider's keys can't be had", EPROTO});
        check_token(one);
    };
    if (!key_set_.fetch(found_->jwks_uri, fetched)) fetched(false);
}

// A signature of a public key takes a millisecond: it is checked in the pool.
void Provider::check_token(const Ref& one) {
    const auto check = std::make_shared<auth::TokenCheck>();
    const bool posted = pool_.post(
        [check, one, keys = keys_, provider = *found_, client = settings_.client,
         now = loop_.wall_seconds()] {
            *check = auth::verify_id_token(one->id_token, *keys, provider, client, one->attempt, now);
        },
        [this, check, one] { on_checked(one, std::move(*check)); });
    if (!posted) one->done(Error{"too many signatures to check at a time", EBUSY});
}

void Provider::on_checked(const Ref& one, auth::TokenCheck check) {
    // The provider may sign with a new key since.
    if (check.fault == auth::TokenFault::UnknownKey && !std::exchange(one->keys_refreshed, true) &&
        key_set_.may_be_refreshed())
        return fetch_keys(one);
    if (!check)
        return one->done(Error{"the ID token: " + std::string(auth::fault_name(check.fault)), EPROTO});
    one->subject = check.claims.subject;
    if (has_claims(check.payload.get(), settings_.rules) || found_->userinfo_endpoint.empty() ||
        one->access_token.empty())
        return one->done(std::move(check.payload));
    one->claims = std::move(check.payload);
    ask_userinfo(one);
}

void Provider::ask_userinfo(const Ref& one) {
    http::ClientRequest request;
    request.authorization = "Bearer " + one->access_token;
    const auto begun =
        calls_.ask(found_->userinfo_endpoint, std::move(request), false,
                   [this, one](const Result<http::ClientAnswer>& answer) { on_userinfo(one, answer); });
    if (!begun) one->done(begun.error());
}

// What the signed token says counts more than what userinfo adds to it.
void Provider::on_userinfo(const Ref& one, const Result<http::ClientAnswer>& answer) {
    if (!answer) return one->done(answer.error());
    auto claims = Json::parse(as_bytes(answer->body));
    if (!claims) return one->done(claims.error());
    if (!settings_.openid()) return one->done(claims.take());
    const json_t* const subject = json_object_get(claims->get(), "sub");
    // OpenID Connect Core 5.3.2: of another user it is none.
    if (!json_is_string(subject) || json_text(subject) != one->subject)
        return one->done(Error{"userinfo is another user's", EPROTO});
    json_object_update(claims->get(), one->claims.get());
    one->done(claims.take());
}

}  // namespace marmoset::auth_module
