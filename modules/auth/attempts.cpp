#include "attempts.h"

#include "auth/json_web_token.h"
#include "auth/one_time.h"
#include "base/base64.h"
#include "base/digest.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace marmoset::auth_module {

namespace {

constexpr unsigned kCookies = 8;

std::string text_of(const Json& payload, const char* key) {
    const json_t* value = json_object_get(payload.get(), key);
    return json_is_string(value) ? std::string(json_text(value)) : std::string();
}

}  // namespace

Result<Attempts> Attempts::make(const std::string& secret) {
    Attempts attempts;
    attempts.secret_ = hmac(DigestAlgorithm::Sha256, secret, {"marmoset attempt"});
    auto key =
        auth::TokenKey::shared_secret(hmac(DigestAlgorithm::Sha256, secret, {"marmoset attempt cookie"}));
    if (!key) return key.error();
    attempts.key_ = key.take();
    attempts.keys_.add(attempts.key_);
    return attempts;
}

auth::OpenIdAttempt Attempts::texts(std::string state) const {
    const std::string nonce = hmac(DigestAlgorithm::Sha256, secret_, {"nonce ", state});
    const std::string verifier = hmac(DigestAlgorithm::Sha256, secret_, {"verifier ", state});
    return {std::move(state), base64url_encode(as_bytes(nonce)), base64url_encode(as_bytes(verifier))};
}

Attempt Attempts::begin(std::string_view return_to) const {
    return {texts(auth::random_text()), std::string(return_to.size() > kLongestTarget ? "" : return_to)};
}

Result<std::string> Attempts::write(const Attempt& attempt, int64_t now) const {
    std::string payload;
    JsonWriter json(payload);
    json.begin_object();
    json.member("state", attempt.texts.state);
    json.member("to", attempt.return_to);
    json.member("exp", static_cast<uint64_t>(now + kSeconds));
    json.end_object();
    return auth::sign_token(*key_, payload);
}

std::optional<Attempt> Attempts::read(std::string_view cookie, std::string_view state, int64_t now) const {
    auth::TokenRules rules;
    rules.now = now;
    const auth::TokenCheck check = auth::verify_token(cookie, keys_, rules);
    if (!check || state.empty() || !equal_constant_time(text_of(check.payload, "state"), state))
        return std::nullopt;
    return Attempt{texts(std::string(state)), text_of(check.payload, "to")};
}

std::string Attempts::cookie_name(std::string_view state) {
    const unsigned last = state.empty() ? 0 : static_cast<unsigned char>(state.back());
    return "X-Auth-Attempt-" + std::to_string(last % kCookies);
}

}  // namespace marmoset::auth_module
