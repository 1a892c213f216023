// RFC 7616, Digest access: what stands in challenge and credentials, and the arithmetic. In: fields' values,
// HA1 (password_hash.h). Out: right or not. Which nonces are good, and which counts have been used, is the
// caller's to know. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/auth_params.h"
#include "base/digest.h"
#include "base/result.h"

namespace marmoset::auth {

/// "MD5", "SHA-256", "SHA-512-256" (RFC 7616 6.1), and "SHA-512" for ouistiti's sake, which is not
/// registered. With "-sess" behind it for a session's form.
std::string digest_algorithm_name(DigestAlgorithm algorithm, bool session = false);

struct DigestAlgorithmName {
    DigestAlgorithm algorithm;
    bool session;
};
/// Without case. nullopt: none we know.
std::optional<DigestAlgorithmName> parse_digest_algorithm(std::string_view name);

struct DigestChallenge {
    std::string realm;
    std::string nonce;
    std::string opaque;  ///< empty: none
    std::string domain;  ///< empty: none
    DigestAlgorithm algorithm = DigestAlgorithm::Sha256;
    bool session = false;   ///< the -sess form
    bool stale = false;     ///< the response was right, its nonce is too old: no need to ask the user again
    bool userhash = false;  ///< we understand hashed names
};
/// «Digest realm="…", qop="auth", algorithm=…, nonce="…", …, charset=UTF-8».
std::string format_digest_challenge(const DigestChallenge& challenge);

/// Credentials that are complete and well formed, and nothing more: every value is the client's claim.
struct DigestCredentials {
    std::string username;  ///< the name, or with `userhash` its hash in hex (lower case)
    bool userhash = false;
    std::string realm, nonce, uri, response, cnonce, opaque;
    DigestAlgorithm algorithm = DigestAlgorithm::Md5;  ///< RFC 7616 3.4: MD5 if none is named
    bool session = false;
    std::string nc;            ///< as sent: its text is part of what is hashed
    uint32_t nonce_count = 0;  ///< its number, from 1 on
};
/// Takes qop=auth only. Without qop (RFC 2069) nothing protects from replay, and auth-int would ask for the
/// body before the decision: both are refused, with a text that says so and may be shown to the client.
Result<DigestCredentials> parse_digest_credentials(const AuthScheme& credentials);

/// RFC 7616 3.4.4: H(user:realm) in hex, which a client sends as username when userhash is true.
std::string digest_userhash(DigestAlgorithm algorithm, std::string_view user, std::string_view realm);

/// RFC 7616 3.4.1, qop=auth: the response in hex. `ha1` are the raw bytes of H(user:realm:password); the
/// session form is derived here.
std::string digest_response(const DigestCredentials& credentials, std::string_view method,
                            std::string_view ha1);

/// True if the response is the one that whoever knows `ha1` sends for this method. Constant time. The caller
/// has compared realm, nonce, nc, algorithm and uri (with the request's target) before or does so after.
bool verify_digest_response(const DigestCredentials& credentials, std::string_view method,
                            std::string_view ha1);

/// Value of Authentication-Info (RFC 7616 3.5): proves to the client that we know its secret. `next_nonce`
/// may be empty.
std::string digest_authentication_info(const DigestCredentials& credentials, std::string_view ha1,
                                       std::string_view next_nonce);

}  // namespace marmoset::auth
