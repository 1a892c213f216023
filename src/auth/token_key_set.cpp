// JWK sets (RFC 7517) and the choice of keys for a token.
#include <cerrno>

#include "auth/der.h"
#include "auth/token_key.h"
#include "auth/token_key_der.h"
#include "base/base64.h"
#include "base/json.h"

namespace marmoset::auth {

namespace {

constexpr size_t kLargestSet = 1 << 18;  // bytes
constexpr size_t kLargestExponent = 8;   // bytes; 65537 has 3

/// A member that is a text; "" otherwise.
std::string_view text_of(const json_t* object, const char* name) {
    const json_t* value = json_object_get(object, name);
    return json_is_string(value) ? json_text(value) : std::string_view();
}

/// RFC 7517 4.2, 4.3: for signatures, or not said what for.
bool is_for_signatures(const json_t* jwk) {
    if (json_object_get(jwk, "use") != nullptr && text_of(jwk, "use") != "sig") return false;
    const json_t* operations = json_object_get(jwk, "key_ops");
    if (operations == nullptr) return true;
    for (size_t i = 0; i < json_array_size(operations); ++i) {
        const json_t* operation = json_array_get(operations, i);
        if (json_is_string(operation) && json_text(operation) == "verify") return true;
    }
    return false;
}

std::string without_leading_zeros(std::string number) {
    number.erase(0, number.find_first_not_of('\0'));
    return number;
}

/// DER of the public key; empty: none of ours.
std::string public_der(const json_t* jwk) {
    if (text_of(jwk, "kty") == "RSA") {
        const auto modulus = base64url_decode(text_of(jwk, "n"));
        const auto exponent = base64url_decode(text_of(jwk, "e"));
        if (!modulus || !exponent || modulus->size() > kLargestRsaBits / 8 + 1 ||
            without_leading_zeros(*exponent).size() > kLargestExponent)
            return {};
        return rsa_public_key_der(*modulus, *exponent);
    }
    if (text_of(jwk, "kty") == "EC" && text_of(jwk, "crv") == "P-256") {
        const auto x = base64url_decode(text_of(jwk, "x"));
        const auto y = base64url_decode(text_of(jwk, "y"));
        if (!x || !y || x->size() != 32 || y->size() != 32) return {};  // RFC 7518 6.2.1.2
        return p256_public_key_der(*x, *y);
    }
    return {};
}

}  // namespace

bool TokenKeySet::add(std::shared_ptr<const TokenKey> key) {
    if (keys_.size() == kMost) return false;
    keys_.push_back(std::move(key));
    return true;
}

Result<TokenKeySet> TokenKeySet::parse(std::string_view text) {
    if (text.size() > kLargestSet) return Error{"the key set is too large", EINVAL};
    auto json = Json::parse(as_bytes(text));
    if (!json) return json.error();
    const json_t* list = json_object_get(json->get(), "keys");
    if (!json_is_array(list)) return Error{"the key set has no list of keys", EINVAL};
    TokenKeySet set;
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* jwk = json_array_get(list, i);
        if (!json_is_object(jwk) || !is_for_signatures(jwk)) continue;
        const std::string der = public_der(jwk);
        if (der.empty()) continue;
        auto key = token_key_from_der(der, std::string(text_of(jwk, "kid")));
        if (!key) continue;
        if (json_object_get(jwk, "alg") != nullptr &&
            text_of(jwk, "alg") != algorithm_name((*key)->algorithm()))
            continue;
        if (!set.add(key.take())) break;
    }
    if (set.empty()) return Error{"the key set has no public key for RS256 or ES256", EINVAL};
    return set;
}

std::vector<std::shared_ptr<const TokenKey>> TokenKeySet::candidates(TokenAlgorithm algorithm,
                                                                     std::string_view id) const {
    std::vector<std::shared_ptr<const TokenKey>> found;
    for (const auto& key : keys_) {
        if (key->algorithm() != algorithm) continue;
        if (id.empty() || key->id().empty() || key->id() == id) found.push_back(key);
    }
    return found;
}

}  // namespace marmoset::auth
