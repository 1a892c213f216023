// OpenID Connect Core 1.0, the client's side of the authorization code flow with PKCE (RFC 7636), as far as
// it is text: what to ask of the provider, and what to believe of its answers. In: JSON, queries. Out: URLs,
// forms, checked values. The fetching is the caller's: HTTPS with a checked certificate, limits on size and
// time. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/json_web_token.h"
#include "base/result.h"

namespace marmoset::auth {

constexpr size_t kLargestProviderAnswer = 1 << 18;  ///< bytes of a document that a provider may send

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3).
struct OpenIdProvider {
    std::string issuer;
    std::string authorization_endpoint, token_endpoint, jwks_uri;
    std::string userinfo_endpoint, end_session_endpoint;  ///< may be empty
    bool names_itself = false;                            ///< authorization responses carry `iss` (RFC 9207)
    bool secret_in_body = false;  ///< takes client_secret_post and not client_secret_basic
};

/// An https: URL, or an http: one of this machine (127.0.0.1, [::1], localhost), which nobody listens to on
/// the way; without fragment and user information.
bool is_provider_url(std::string_view url);

/// ISSUER/.well-known/openid-configuration; an ending «/» of the issuer does not count.
std::string openid_discovery_url(std::string_view issuer);

/// The discovery document. Its issuer must be the one that was asked, byte by byte; endpoints are
/// is_provider_url().
Result<OpenIdProvider> parse_openid_provider(std::string_view json, std::string_view issuer);

/// What the client makes up for one sign-in and keeps until the user comes back, at the user's browser's
/// session.
struct OpenIdAttempt {
    std::string state;     ///< comes back in the query: the answer is to this question
    std::string nonce;     ///< comes back in the ID token: the token is for this question
    std::string verifier;  ///< PKCE: who has the code is who asked
};
OpenIdAttempt begin_openid_attempt();

/// RFC 7636 4.2, S256.
std::string pkce_challenge(std::string_view verifier);

struct OpenIdClient {
    std::string id;
    std::string secret;  ///< empty: a public client
    std::string redirect_uri;
    std::string scope = "openid profile";  ///< empty: none is asked for
};

/// Where the browser is sent.
std::string authorization_url(const OpenIdProvider& provider, const OpenIdClient& client,
                              const OpenIdAttempt& attempt);

/// The code that the browser brought back in the query of the redirect URI. Refused: a foreign or missing
/// state, a foreign issuer (of a provider that has one), an error of the provider (its `error` is then the
/// text, if it is a plain word, and the code EACCES), a parameter that stands twice.
Result<std::string> parse_authorization_response(std::string_view query, const OpenIdProvider& provider,
                                                 const OpenIdAttempt& attempt);

struct TokenRequest {
    std::string body;           ///< application/x-www-form-urlencoded
    std::string authorization;  ///< value of Authorization; empty: none
};
/// The exchange of the code at token_endpoint (RFC 6749 4.1.3, 2.3.1).
TokenRequest token_request(const OpenIdProvider& provider, const OpenIdClient& client,
                           const OpenIdAttempt& attempt, std::string_view code);

struct TokenResponse {
    std::string id_token;
    std::string access_token;
    int64_t expires_in = 0;  ///< seconds; 0: not said
};
/// The answer of token_endpoint, whatever its status; an `error` in it is the text, and the Error's code
/// EACCES. `openid`: it must have an ID token; else, as RFC 6749 has it, an access token.
Result<TokenResponse> parse_token_response(std::string_view json, bool openid = true);

/// OpenID Connect Core 3.1.3.7: signature by one of the provider's keys; iss is the provider, exactly; aud
/// names us, and azp too where there are others; exp, iat; the nonce is the attempt's. Claims hold the user
/// as every token does; where it has no name its sub is the user.
TokenCheck verify_id_token(std::string_view id_token, const TokenKeySet& keys, const OpenIdProvider& provider,
                           const OpenIdClient& client, const OpenIdAttempt& attempt, int64_t now,
                           unsigned leeway = 60);

}  // namespace marmoset::auth
