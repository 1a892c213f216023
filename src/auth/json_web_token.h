// JSON Web Tokens (RFC 7519, with the advice of RFC 8725) in the compact form of RFC 7515. In: a token from a
// peer, keys, rules. Out: its claims, or why it is refused. Signatures cost time: thread pool. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/token_key.h"
#include "base/json.h"

namespace marmoset::auth {

/// What tokens say that we read; those of ouistiti have user, home, status, roles, exp, iss.
struct Claims {
    std::string user;  ///< of user, preferred_username, name, username the first that is there
    std::string home;
    std::string status;                 ///< empty: not said
    std::vector<std::string> roles;     ///< `roles`, a text or a list of them; the first is the group
    int64_t expires = 0;                ///< exp, seconds since 1970; 0: none
    std::string issuer;                 ///< iss
    std::string subject;                ///< sub
    std::vector<std::string> audience;  ///< aud, a text or a list
    int64_t not_before = 0;             ///< nbf; 0: none
    int64_t issued_at = 0;              ///< iat; 0: none
    std::string id;                     ///< jti: what a revocation names
    std::string nonce;                  ///< OpenID Connect's
    std::string authorized_party;       ///< azp

    std::string_view group() const { return roles.empty() ? std::string_view() : roles.front(); }
};

struct TokenRules {
    int64_t now = 0;        ///< seconds since 1970
    unsigned leeway = 0;    ///< seconds that clocks may differ by
    std::string issuer;     ///< "a+b": all of these parts must stand in iss; empty: any
    std::string audience;   ///< must stand in aud; empty: a token need not have one
    bool expires = true;    ///< a token without exp is refused
    size_t largest = 8192;  ///< bytes of the token
};

enum class TokenFault : uint8_t {
    None,
    TooLarge,
    Malformed,   ///< not three base64url parts of JSON, or a claim of a wrong type
    Algorithm,   ///< none of our keys has this algorithm, or the header asks for what we don't know (crit)
    UnknownKey,  ///< `kid` names none of our keys: a key set may have to be fetched again
    Signature,
    Expired,
    NotYetValid,
    Issuer,
    Audience,
    Nonce,  ///< of an ID token (openid_connect.h)
};
/// For logs: "expired", "signature" … Never part of the token.
std::string_view fault_name(TokenFault fault);

struct TokenCheck {
    TokenFault fault = TokenFault::None;
    Claims claims;  ///< only with TokenFault::None; else empty
    Json payload;   ///< all claims, likewise

    explicit operator bool() const { return fault == TokenFault::None; }
};

/// Checks signature and rules. What is read before the signature has been checked decides nothing but which
/// key to try; `jku`, `jwk`, `x5u`, `x5c` in the header are not looked at.
TokenCheck verify_token(std::string_view token, const TokenKeySet& keys, const TokenRules& rules);

/// True if each «+» part of `wanted` is one of `issuer`'s, or both are equal.
bool issuer_satisfies(std::string_view issuer, std::string_view wanted);

/// A signed token: the claims that are not empty, in ouistiti's order and spacing: user, home, status, roles,
/// exp, iss; then those ouistiti does not know: sub, aud, nbf, iat, jti, nonce, azp. One role is a text,
/// several are a list.
Result<std::string> make_token(const TokenKey& key, const Claims& claims);

/// Signs any payload (JSON text).
Result<std::string> sign_token(const TokenKey& key, std::string_view payload);

}  // namespace marmoset::auth
