#include "tokens.h"

#include <algorithm>
#include <cstring>

#include "auth/one_time.h"
#include "base/base64.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/utf8_sequence.h"

namespace marmoset::auth_module {

namespace {

constexpr size_t kMarkSize = 12;      // bytes: tells accounts apart, and nothing of their passwords
constexpr size_t kLongestName = 255;  // bytes: others' users may be named by addresses of mail

std::string text_of(const Json& payload, const char* key) {
    const json_t* value = json_object_get(payload.get(), key);
    return json_is_string(value) ? std::string(json_text(value)) : std::string();
}

Session session_of(const auth::Claims& claims) {
    Session session;
    session.user = claims.user;
    session.group = claims.status == auth::status_name(auth::UserStatus::Reapproving)
                        ? auth::kReapprovingGroup
                        : claims.group();
    session.home = claims.home;
    session.expires = claims.expires;
    return session;
}

}  // namespace

std::array<uint8_t, 16> session_id(std::string_view token) {
    std::array<uint8_t, 16> id;
    const std::string_view signed_text = token.substr(0, token.rfind('.'));
    std::memcpy(id.data(), digest(DigestAlgorithm::Sha256, {signed_text}).data(), id.size());
    return id;
}

Result<Tokens> Tokens::make(const Settings& settings) {
    Tokens tokens;
    tokens.secret_ = settings.secret;
    tokens.issuer_ = settings.issuer;
    tokens.audience_ = settings.audience;
    tokens.session_seconds_ = settings.session_seconds;
    auto key = auth::TokenKey::shared_secret(settings.secret);
    if (!key) return key.error();
    // A key of their own: neither is ever taken for the other. Which tickets were used a restart forgets, and
    // so whom they let in.
    auto ticket_key = auth::TokenKey::shared_secret(
        hmac(DigestAlgorithm::Sha256, settings.secret, {"marmoset ticket", settings.start_secret}));
    if (!ticket_key) return ticket_key.error();
    tokens.key_ = key.take();
    tokens.ticket_key_ = ticket_key.take();
    tokens.keys_.add(tokens.key_);
    tokens.ticket_keys_.add(tokens.ticket_key_);
    tokens.own_keys_ = tokens.keys_;
    if (settings.foreign_key) tokens.keys_.add(settings.foreign_key);
    return tokens;
}

std::string Tokens::account_mark(const auth::User& user) const {
    const std::string_view separator("\0", 1);
    const std::string hash =
        hmac(DigestAlgorithm::Sha256, secret_,
             {"marmoset mark", separator, user.name, separator, user.password, separator, user.group,
              separator, user.home, separator, auth::status_name(user.status)});
    return base64url_encode(as_bytes(hash).first(kMarkSize));
}

Result<std::string> Tokens::issue(const auth::User& user, std::string_view mark, int64_t now) const {
    std::string payload;
    JsonWriter json(payload);
    json.begin_object();
    json.member("user", user.name);
    if (!user.home.empty()) json.member("home", user.home);
    json.member("status", auth::status_name(user.status));
    if (!user.group.empty()) json.member("roles", user.group);
    json.member("exp", static_cast<uint64_t>(now + session_seconds_));
    json.member("iss", issuer_);
    json.member("iat", static_cast<uint64_t>(now));
    json.member("jti", auth::random_text());
    // Without a mark it is taken as one of others, from whom an audience may be wanted.
    if (mark.empty() && !audience_.empty()) json.member("aud", audience_);
    if (!mark.empty()) json.member("mark", mark);
    json.end_object();
    return auth::sign_token(*key_, payload);
}

Result<std::string> Tokens::issue_ticket(const Session& session, int64_t now) const {
    std::string payload;
    JsonWriter json(payload);
    json.begin_object();
    json.member("user", session.user);
    if (!session.home.empty()) json.member("home", session.home);
    if (!session.group.empty()) json.member("roles", session.group);
    json.member("exp", static_cast<uint64_t>(now + kTicketSeconds));
    json.member("iss", issuer_);
    json.member("jti", auth::random_text());
    json.member("mark", session.mark);
    json.member("session", base64url_encode(session.id));
    json.member("until", static_cast<uint64_t>(session.expires));
    json.end_object();
    return auth::sign_token(*ticket_key_, payload);
}

// RFC 7519 4.1.3: a token that says whom it is for is for nobody else, also where we are told no name of
// ours.
bool Tokens::is_for_us(const std::vector<std::string>& audience) const {
    if (audience.empty()) return audience_.empty();
    return !audience_.empty() && std::find(audience.begin(), audience.end(), audience_) != audience.end();
}

std::optional<Session> Tokens::verify_with(const auth::TokenKeySet& keys, std::string_view token, int64_t now,
                                           auth::TokenFault& fault) const {
    auth::TokenRules rules;
    rules.now = now;
    rules.issuer = issuer_;
    auth::TokenCheck check = auth::verify_token(token, keys, rules);
    fault = check.fault;
    if (!check || check.claims.user.empty()) return std::nullopt;
    Session session = session_of(check.claims);
    session.id = session_id(token);
    session.mark = text_of(check.payload, "mark");
    if (!session.mark.empty()) return session;
    // Of somebody else: what our store would say of the user stands in the token itself.
    const auto status = auth::parse_status(check.claims.status);
    if (!is_for_us(check.claims.audience)) {
        fault = auth::TokenFault::Audience;
        return std::nullopt;
    }
    // They go into logs, fields of answers and patterns of paths.
    if (session.user.size() > kLongestName || !is_utf8_without_controls(session.user) ||
        !auth::is_valid_user_field(session.group) || !auth::is_valid_user_field(session.home)) {
        fault = auth::TokenFault::Malformed;
        return std::nullopt;
    }
    if (!check.claims.status.empty() &&
        (!status || (*status != auth::UserStatus::Activated && *status != auth::UserStatus::Reapproving))) {
        return std::nullopt;
    }
    return session;
}

std::optional<Session> Tokens::verify_ticket(std::string_view ticket, int64_t now,
                                             auth::TokenFault& fault) const {
    auth::TokenRules rules;
    rules.now = now;
    rules.issuer = issuer_;
    auth::TokenCheck check = auth::verify_token(ticket, ticket_keys_, rules);
    fault = check.fault;
    if (!check || check.claims.user.empty() || check.claims.id.empty()) return std::nullopt;
    Session session = session_of(check.claims);
    session.ticket = check.claims.id;
    session.mark = text_of(check.payload, "mark");
    const auto id = base64url_decode(text_of(check.payload, "session"));
    const json_t* until = json_object_get(check.payload.get(), "until");
    if (!id || id->size() != session.id.size() || !json_is_integer(until)) return std::nullopt;
    std::memcpy(session.id.data(), id->data(), session.id.size());
    session.expires = json_integer_value(until);
    return session;
}

}  // namespace marmoset::auth_module
