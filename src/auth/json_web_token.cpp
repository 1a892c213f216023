#include "auth/json_web_token.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <optional>

#include "base/base64.h"
#include "base/text.h"

namespace marmoset::auth {

namespace {

constexpr size_t kMostTexts = 64;  // roles, audiences
constexpr unsigned kMaxDepth = 8;
constexpr double kLargestDate = 253402300800.0;  // the year 10000: what is beyond fits no clock

/// A part of the compact form as a JSON object. Members that stand twice mean two things (RFC 7519 4):
/// refused.
std::optional<Json> decode_object(std::string_view part) {
    const auto text = base64url_decode(part);
    if (!text) return std::nullopt;
    auto json = Json::parse(as_bytes(*text), kMaxDepth, Json::Members::Unique);
    if (!json || !json_is_object(json->get())) return std::nullopt;
    return json.take();
}

bool read_text(const json_t* object, const char* name, std::string& out) {
    const json_t* value = json_object_get(object, name);
    if (value == nullptr || json_is_null(value)) return true;
    if (!json_is_string(value)) return false;
    out = json_text(value);
    return out.find('\0') == std::string::npos;
}

/// One text, or a list of them.
bool read_texts(const json_t* object, const char* name, std::vector<std::string>& out) {
    const json_t* value = json_object_get(object, name);
    if (value == nullptr || json_is_null(value)) return true;
    if (json_is_string(value)) {
        out.emplace_back(json_text(value));
        return true;
    }
    if (!json_is_array(value) || json_array_size(value) > kMostTexts) return false;
    for (size_t i = 0; i < json_array_size(value); ++i) {
        const json_t* text = json_array_get(value, i);
        if (!json_is_string(text)) return false;
        out.emplace_back(json_text(text));
    }
    return true;
}

/// RFC 7519 NumericDate: seconds, perhaps with a fraction. What is no time is refused; 0 stands for absent.
bool read_date(const json_t* object, const char* name, int64_t& out) {
    const json_t* value = json_object_get(object, name);
    if (value == nullptr) return true;
    if (!json_is_number(value)) return false;
    const double seconds = json_number_value(value);
    if (!(seconds >= 1) || seconds > kLargestDate) return false;
    out = static_cast<int64_t>(std::floor(seconds));
    return true;
}

bool read_claims(const json_t* object, Claims& out) {
    bool fine = true;
    for (const char* name : {"user", "preferred_username", "name", "username"}) {
        if (out.user.empty()) fine = fine && read_text(object, name, out.user);
    }
    return fine && read_text(object, "home", out.home) && read_text(object, "status", out.status) &&
           read_texts(object, "roles", out.roles) && read_date(object, "exp", out.expires) &&
           read_text(object, "iss", out.issuer) && read_text(object, "sub", out.subject) &&
           read_texts(object, "aud", out.audience) && read_date(object, "nbf", out.not_before) &&
           read_date(object, "iat", out.issued_at) && read_text(object, "jti", out.id) &&
           read_text(object, "nonce", out.nonce) && read_text(object, "azp", out.authorized_party);
}

struct Header {
    std::string algorithm, id, type;
    bool critical = false;
};

std::optional<Header> read_header(std::string_view part) {
    const auto json = decode_object(part);
    Header header;
    if (!json || !read_text(json->get(), "alg", header.algorithm) ||
        !read_text(json->get(), "kid", header.id) || !read_text(json->get(), "typ", header.type))
        return std::nullopt;
    header.critical = json_object_get(json->get(), "crit") != nullptr;
    return header;
}

/// RFC 8725 3.11: a token of another kind (a logout token, say) is not taken for one of these.
bool is_our_type(std::string_view type) {
    for (const char* known : {"", "JWT", "at+jwt", "application/jwt", "application/at+jwt"}) {
        if (equal_caseless(type, known)) return true;
    }
    return false;
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

TokenFault broken_rule(const Claims& claims, const TokenRules& rules) {
    const int64_t leeway = rules.leeway;
    if (claims.expires == 0 && rules.expires) return TokenFault::Expired;
    if (claims.expires != 0 && rules.now >= claims.expires + leeway) return TokenFault::Expired;
    if (claims.not_before != 0 && rules.now + leeway < claims.not_before) return TokenFault::NotYetValid;
    if (!rules.issuer.empty() && !issuer_satisfies(claims.issuer, rules.issuer)) return TokenFault::Issuer;
    if (!rules.audience.empty() && !contains(claims.audience, rules.audience)) return TokenFault::Audience;
    return TokenFault::None;
}

/// None if one of our keys made this signature with the algorithm that the header names.
TokenFault check_signature(std::string_view signed_text, std::string_view signature, const Header& header,
                           const TokenKeySet& keys) {
    const auto algorithm = parse_token_algorithm(header.algorithm);
    if (!algorithm || header.critical) return TokenFault::Algorithm;
    if (keys.candidates(*algorithm, {}).empty()) return TokenFault::Algorithm;
    const auto candidates = keys.candidates(*algorithm, header.id);
    if (candidates.empty()) return TokenFault::UnknownKey;
    for (const auto& key : candidates) {
        if (key->verify(signed_text, signature)) return TokenFault::None;
    }
    return TokenFault::Signature;
}

TokenCheck refused(TokenFault fault) {
    TokenCheck check;
    check.fault = fault;
    return check;
}

}  // namespace

std::string_view fault_name(TokenFault fault) {
    constexpr std::string_view kNames[] = {"valid",       "too large", "malformed", "algorithm",
                                           "unknown key", "signature", "expired",   "not yet valid",
                                           "issuer",      "audience",  "nonce"};
    return kNames[static_cast<unsigned>(fault)];
}

TokenCheck verify_token(std::string_view token, const TokenKeySet& keys, const TokenRules& rules) {
    if (token.size() > rules.largest) return refused(TokenFault::TooLarge);
    const size_t first = token.find('.');
    const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos) return refused(TokenFault::Malformed);
    const auto header = read_header(token.substr(0, first));
    const auto signature = base64url_decode(token.substr(second + 1));
    if (!header || !signature || !is_our_type(header->type)) return refused(TokenFault::Malformed);
    const TokenFault fault = check_signature(token.substr(0, second), *signature, *header, keys);
    if (fault != TokenFault::None) return refused(fault);
    auto payload = decode_object(token.substr(first + 1, second - first - 1));
    TokenCheck check;
    if (!payload || !read_claims(payload->get(), check.claims)) return refused(TokenFault::Malformed);
    check.fault = broken_rule(check.claims, rules);
    if (check.fault != TokenFault::None) return refused(check.fault);
    check.payload = *std::move(payload);
    return check;
}

bool issuer_satisfies(std::string_view issuer, std::string_view wanted) {
    if (issuer == wanted) return true;
    const auto next_part = [](std::string_view& text) {
        const size_t plus = text.find('+');
        const std::string_view part = text.substr(0, plus);
        text.remove_prefix(plus == std::string_view::npos ? text.size() : plus + 1);
        return part;
    };
    while (!wanted.empty()) {
        const std::string_view part = next_part(wanted);
        bool found = false;
        for (std::string_view rest = issuer; !rest.empty();)
            found = next_part(rest) == part || found;
        if (!found) return false;
    }
    return true;
}

}  // namespace marmoset::auth
