#include "auth/openid_connect.h"

#include <algorithm>
#include <cerrno>

#include "auth/one_time.h"
#include "base/base64.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/percent.h"
#include "base/text.h"

namespace marmoset::auth {

namespace {

constexpr size_t kMostQueryFields = 32;

Error refused(std::string text) {
    return Error{std::move(text), EINVAL};
}

/// What a provider calls its errors: a word (RFC 6749 4.1.2.1), else it is nothing to show or log.
std::string error_word(std::string_view word) {
    const bool plain = !word.empty() && word.size() <= 64 && is_token(word);
    return "the provider refuses: " + (plain ? std::string(word) : "for no reason that can be told");
}

bool lists(const json_t* list, std::string_view word) {
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* entry = json_array_get(list, i);
        if (json_is_string(entry) && json_text(entry) == word) return true;
    }
    return false;
}

}  // namespace

bool is_provider_url(std::string_view url) {
    const bool secure = url.starts_with("https://");
    if (!secure && !url.starts_with("http://")) return false;
    for (const char c : url) {
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '#') return false;
    }
    url.remove_prefix(secure ? 8 : 7);
    const std::string_view authority = url.substr(0, url.find_first_of("/?"));
    if (authority.empty() || authority.find('@') != std::string_view::npos) return false;
    if (secure) return true;
    const size_t bracket = authority.find(']');
    const std::string_view host =
        authority.substr(0, authority.find(':', bracket == std::string_view::npos ? 0 : bracket));
    return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

std::string openid_discovery_url(std::string_view issuer) {
    if (issuer.ends_with('/')) issuer.remove_suffix(1);
    return std::string(issuer) + "/.well-known/openid-configuration";
}

Result<OpenIdProvider> parse_openid_provider(std::string_view text, std::string_view issuer) {
    if (text.size() > kLargestProviderAnswer) return refused("the discovery document is too large");
    auto json = Json::parse(as_bytes(text));
    if (!json) return json.error();
    JsonMembers members(json->get(), "discovery");
    OpenIdProvider provider;
    members.string("issuer", provider.issuer);
    members.string("authorization_endpoint", provider.authorization_endpoint);
    members.string("token_endpoint", provider.token_endpoint);
    members.string("jwks_uri", provider.jwks_uri);
    members.string("userinfo_endpoint", provider.userinfo_endpoint);
    members.string("end_session_endpoint", provider.end_session_endpoint);
    members.boolean("authorization_response_iss_parameter_supported", provider.names_itself);
    const json_t* challenges = members.array("code_challenge_methods_supported");
    const json_t* methods = members.array("token_endpoint_auth_methods_supported");
    if (members.failed()) return refused(members.error());
    if (provider.issuer != issuer) return refused("the discovery document is another issuer's");
    for (const std::string* url :
         {&provider.authorization_endpoint, &provider.token_endpoint, &provider.jwks_uri}) {
        if (!is_provider_url(*url)) return refused("an endpoint of the provider is no https: URL");
    }
    for (const std::string* url : {&provider.userinfo_endpoint, &provider.end_session_endpoint}) {
        if (!url->empty() && !is_provider_url(*url))
            return refused("an endpoint of the provider is no https: URL");
    }
    // Not said: it may know PKCE all the same, and who does not passes it over (RFC 6749 3.1).
    if (challenges && !lists(challenges, "S256")) return refused("the provider knows no PKCE with S256");
    provider.secret_in_body =
        methods && !lists(methods, "client_secret_basic") && lists(methods, "client_secret_post");
    return provider;
}

OpenIdAttempt begin_openid_attempt() {
    return {random_text(), random_text(), random_text(32)};  // 43 characters: RFC 7636 4.1
}

std::string pkce_challenge(std::string_view verifier) {
    return base64url_encode(as_bytes(digest(DigestAlgorithm::Sha256, {verifier})));
}

std::string authorization_url(const OpenIdProvider& provider, const OpenIdClient& client,
                              const OpenIdAttempt& attempt) {
    std::string url = provider.authorization_endpoint;
    if (url.find('?') == std::string::npos) url += '?';
    append_form_field(url, "response_type", "code");
    append_form_field(url, "client_id", client.id);
    append_form_field(url, "redirect_uri", client.redirect_uri);
    if (!client.scope.empty()) append_form_field(url, "scope", client.scope);
    append_form_field(url, "state", attempt.state);
    append_form_field(url, "nonce", attempt.nonce);
    append_form_field(url, "code_challenge", pkce_challenge(attempt.verifier));
    append_form_field(url, "code_challenge_method", "S256");
    return url;
}

Result<std::string> parse_authorization_response(std::string_view query, const OpenIdProvider& provider,
                                                 const OpenIdAttempt& attempt) {
    const auto fields = parse_form(query, kMostQueryFields);
    if (!fields) return refused("the provider's answer is malformed");
    std::optional<std::string> code, state, issuer, error;
    for (const auto& [name, value] : *fields) {
        std::optional<std::string>* place = name == "code"    ? &code
                                            : name == "state" ? &state
                                            : name == "iss"   ? &issuer
                                            : name == "error" ? &error
                                                              : nullptr;
        if (place == nullptr) continue;
        if (*place) return refused("a parameter of the provider's answer stands twice");
        *place = value;
    }
    // First of all: is this an answer to our question? Anybody can send a browser here (RFC 6749 10.12).
    if (attempt.state.empty() || !state || !equal_constant_time(*state, attempt.state))
        return refused("the provider's answer is to no question of ours");
    const bool foreign = issuer && !provider.issuer.empty() && *issuer != provider.issuer;
    if (foreign || (provider.names_itself && !issuer))
        return refused("the answer is another provider's");  // RFC 9207 2.4
    if (error) return Error{error_word(*error), EACCES};
    if (!code || code->empty()) return refused("the provider's answer has no code");
    return *std::move(code);
}

TokenRequest token_request(const OpenIdProvider& provider, const OpenIdClient& client,
                           const OpenIdAttempt& attempt, std::string_view code) {
    TokenRequest request;
    append_form_field(request.body, "grant_type", "authorization_code");
    append_form_field(request.body, "code", code);
    append_form_field(request.body, "redirect_uri", client.redirect_uri);
    append_form_field(request.body, "code_verifier", attempt.verifier);
    if (client.secret.empty() || provider.secret_in_body) {
        append_form_field(request.body, "client_id", client.id);
        if (!client.secret.empty()) append_form_field(request.body, "client_secret", client.secret);
        return request;
    }
    // RFC 6749 2.3.1: encoded as in a form before the colon is put between them.
    const std::string pair = percent_encode(client.id) + ":" + percent_encode(client.secret);
    request.authorization = "Basic " + base64_encode(as_bytes(pair));
    return request;
}

Result<TokenResponse> parse_token_response(std::string_view text, bool openid) {
    if (text.size() > kLargestProviderAnswer) return refused("the token response is too large");
    auto json = Json::parse(as_bytes(text));
    if (!json) return json.error();
    JsonMembers members(json->get(), "token response");
    TokenResponse response;
    std::string error, type;
    uint64_t seconds = 0;
    members.string("error", error);
    members.string("token_type", type);
    members.string("id_token", response.id_token);
    members.string("access_token", response.access_token);
    members.number("expires_in", seconds, 1u << 30);
    if (members.failed()) return refused(members.error());
    if (!error.empty()) return Error{error_word(error), EACCES};
    if (openid && response.id_token.empty()) return refused("the token response has no id_token");
    if (!openid && response.access_token.empty()) return refused("the token response has no access_token");
    if (!equal_caseless(type, "Bearer")) return refused("the token response is not of type Bearer");
    // It will stand in a header field (RFC 6750 2.1).
    if (!std::all_of(response.access_token.begin(), response.access_token.end(),
                     [](char c) { return c > 0x20 && c < 0x7f; }))
        return refused("the token response's access_token is no token");
    response.expires_in = static_cast<int64_t>(seconds);
    return response;
}

TokenCheck verify_id_token(std::string_view id_token, const TokenKeySet& keys, const OpenIdProvider& provider,
                           const OpenIdClient& client, const OpenIdAttempt& attempt, int64_t now,
                           unsigned leeway) {
    TokenRules rules;
    rules.now = now;
    rules.leeway = leeway;
    rules.audience = client.id;
    TokenCheck check = verify_token(id_token, keys, rules);
    if (!check) return check;
    const auto fault = [&](TokenFault what) {
        TokenCheck none;
        none.fault = what;
        return none;
    };
    const Claims& claims = check.claims;
    // Exactly: the «+» of our own tokens means nothing in a URL.
    if (claims.issuer != provider.issuer || claims.issuer.empty()) return fault(TokenFault::Issuer);
    if (claims.audience.size() > 1 && claims.authorized_party.empty()) return fault(TokenFault::Audience);
    if (!claims.authorized_party.empty() && claims.authorized_party != client.id)
        return fault(TokenFault::Audience);
    if (client.id.empty()) return fault(TokenFault::Audience);
    if (attempt.nonce.empty() || !equal_constant_time(claims.nonce, attempt.nonce))
        return fault(TokenFault::Nonce);
    if (claims.issued_at == 0 || claims.subject.empty()) return fault(TokenFault::Malformed);
    if (claims.issued_at > now + static_cast<int64_t>(leeway)) return fault(TokenFault::NotYetValid);
    if (check.claims.user.empty()) check.claims.user = check.claims.subject;
    return check;
}

}  // namespace marmoset::auth
