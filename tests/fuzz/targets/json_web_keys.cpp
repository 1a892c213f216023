// JWK sets and the DER around keys and signatures. In: JSON. Only public keys for signatures come out, each
// with its algorithm, and none of them takes a signature it did not make.
#include <jansson.h>

#include "auth/der.h"
#include "auth/token_key.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

using auth::TokenAlgorithm;

std::string text_of(const json_t* object, const char* name) {
    const json_t* value = json_object_get(object, name);
    return json_is_string(value) ? std::string(json_string_value(value), json_string_length(value))
                                 : std::string();
}

/// How many entries look like keys of this type, for signatures: there can't be more keys.
size_t possible(const json_t* set, const char* type, const char* algorithm) {
    const json_t* list = json_object_get(set, "keys");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* entry = json_array_get(list, i);
        const bool use = json_object_get(entry, "use") == nullptr || text_of(entry, "use") == "sig";
        const bool fits = json_object_get(entry, "alg") == nullptr || text_of(entry, "alg") == algorithm;
        count += json_is_object(entry) && use && fits && text_of(entry, "kty") == type ? 1 : 0;
    }
    return count;
}

void check_set(std::string_view text) {
    const auto set = auth::TokenKeySet::parse(text);
    if (!set) return;
    require(!set->empty() && set->size() <= auth::TokenKeySet::kMost, "the number of keys");
    require(set->candidates(TokenAlgorithm::Hs256, "").empty(), "no secret is published");
    json_error_t error;
    json_t* reference = json_loadb(text.data(), text.size(), JSON_ALLOW_NUL, &error);
    require(reference != nullptr, "a key set is JSON");
    const auto rsa = set->candidates(TokenAlgorithm::Rs256, ""),
               ec = set->candidates(TokenAlgorithm::Es256, "");
    require(rsa.size() <= possible(reference, "RSA", "RS256"), "RSA keys of the set");
    require(ec.size() <= possible(reference, "EC", "ES256"), "EC keys of the set");
    require(rsa.size() + ec.size() == set->size(), "every key has one of the algorithms");
    json_decref(reference);
    for (const auto& key : rsa.empty() ? ec : rsa) {
        require(!key->can_sign(), "public keys don't sign");
        require(!key->verify("text", std::string(64, '\0')) && !key->verify("text", std::string(256, '\1')),
                "no signature");
    }
}

void check_der(Bytes input) {
    const std::string text(as_text(input));
    if (const auto raw = auth::ecdsa_signature_raw(text)) {
        require(raw->size() == 64, "R and S");
        require(auth::ecdsa_signature_raw(auth::ecdsa_signature_der(*raw)) == raw,
                "a signature in DER again");
    }
    if (text.size() >= 64) {
        const std::string raw = text.substr(0, 64);
        const std::string der = auth::ecdsa_signature_der(raw);
        require(auth::ecdsa_signature_raw(der) == raw, "a signature there and back");
        require((static_cast<unsigned char>(der[4]) & 0x80) == 0, "a number in DER is positive");
        require(auth::is_p256_public_key(auth::p256_public_key_der(raw.substr(0, 32), raw.substr(32))),
                "a key of P-256");
    }
    require(!auth::is_p256_public_key(auth::rsa_public_key_der(text, "\1")), "an RSA key is none of P-256");
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    const auto bytes = exact({data, size});
    check_set(as_text(bytes));
    check_der(bytes);
    return 0;
}
