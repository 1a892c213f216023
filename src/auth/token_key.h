// Keys of JSON Web Signatures (RFC 7515, 7518), each bound to one algorithm for good: a token never chooses
// what it is checked with. In: secrets, PEM, JWK (RFC 7517). Out: signatures, made and checked. The calls
// compute (RSA: milliseconds) and belong into the thread pool. Thread-safe: a key locks itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace marmoset::auth {

enum class TokenAlgorithm : uint8_t { Hs256, Rs256, Es256 };

/// "HS256", "RS256", "ES256".
std::string_view algorithm_name(TokenAlgorithm algorithm);
/// With case, as RFC 7515 4.1.1 wants it; nullopt for all others, «none» among them.
std::optional<TokenAlgorithm> parse_token_algorithm(std::string_view name);

constexpr size_t kSmallestSharedSecret = 32;  ///< bytes; RFC 7518 3.2
constexpr unsigned kSmallestRsaBits = 2048;   ///< RFC 7518 3.3
constexpr unsigned kLargestRsaBits = 8192;    ///< beyond it a signature costs us more than it proves

class TokenKey {
  public:
    virtual ~TokenKey() = default;

    TokenAlgorithm algorithm() const { return algorithm_; }
    /// `kid`; may be empty.
    const std::string& id() const { return id_; }
    virtual bool can_sign() const = 0;
    /// A shared secret shorter than kSmallestSharedSecret: works, as with ouistiti, and deserves a warning.
    virtual bool is_weak() const { return false; }
    /// `signature` are the raw bytes of the JWS signature; of ES256 R and S, 64 bytes.
    virtual bool verify(std::string_view signed_text, std::string_view signature) const = 0;
    /// Raw signature bytes.
    virtual Result<std::string> sign(std::string_view text) const = 0;

    /// HS256. An empty secret is an error.
    static Result<std::shared_ptr<const TokenKey>> shared_secret(std::string_view secret,
                                                                 std::string id = {});
    /// RS256 of an RSA key, ES256 of one on P-256: a private key (signs, too), a public key or a certificate.
    static Result<std::shared_ptr<const TokenKey>> from_pem(std::string_view pem, std::string id = {});

  protected:
    TokenKey(TokenAlgorithm algorithm, std::string id) : algorithm_(algorithm), id_(std::move(id)) {}

  private:
    TokenAlgorithm algorithm_;
    std::string id_;
};

/// The keys that tokens of one origin may be signed with.
class TokenKeySet {
  public:
    static constexpr size_t kMost = 32;

    /// False: there are kMost already.
    bool add(std::shared_ptr<const TokenKey> key);
    bool empty() const { return keys_.empty(); }
    size_t size() const { return keys_.size(); }

    /// RFC 7517 section 5, {"keys": […]}: RSA (n, e) and EC P-256 (x, y) public keys for signatures. Others,
    /// which a set may have, are passed over: by kty, crv, use, key_ops or alg. Symmetric ones, too: a
    /// published secret is none. An error if the text is no key set; a set of which nothing is left is none.
    static Result<TokenKeySet> parse(std::string_view json);

    /// The keys that a token with this header may be signed with: those of its algorithm, and if it names a
    /// key that one, or such as have no name.
    std::vector<std::shared_ptr<const TokenKey>> candidates(TokenAlgorithm algorithm,
                                                            std::string_view id) const;

  private:
    std::vector<std::shared_ptr<const TokenKey>> keys_;
};

}  // namespace marmoset::auth
