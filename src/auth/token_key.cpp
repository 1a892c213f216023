// Keys by mbedTLS's pk: RSA and ECDSA, from PEM and DER.
#include "auth/token_key.h"

#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include <cerrno>
#include <mutex>

#include "auth/der.h"
#include "auth/token_key_der.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/text.h"

namespace marmoset::auth {

namespace {

constexpr std::string_view kNames[] = {"HS256", "RS256", "ES256"};

int random_for_mbedtls(void*, unsigned char* out, size_t size) {
    random_bytes({out, size});
    return 0;
}

Error mbedtls_error(const char* what, int code) {
    char text[160];
    mbedtls_strerror(code, text, sizeof text);
    return Error{std::string(what) + ": " + text, EINVAL};
}

class SharedSecret : public TokenKey {
  public:
    SharedSecret(std::string_view secret, std::string id)
        : TokenKey(TokenAlgorithm::Hs256, std::move(id)), secret_(std::string(secret)) {}

    bool can_sign() const override { return true; }
    bool is_weak() const override { return secret_.text().size() < kSmallestSharedSecret; }
    bool verify(std::string_view signed_text, std::string_view signature) const override {
        return equal_constant_time(hmac(DigestAlgorithm::Sha256, secret_.text(), {signed_text}), signature);
    }
    Result<std::string> sign(std::string_view text) const override {
        return hmac(DigestAlgorithm::Sha256, secret_.text(), {text});
    }

  private:
    const Secret secret_;
};

/// Owns an mbedtls_pk_context.
class Pk {
  public:
    Pk() { mbedtls_pk_init(&context_); }
    Pk(const Pk&) = delete;
    Pk& operator=(const Pk&) = delete;
    ~Pk() { mbedtls_pk_free(&context_); }
    mbedtls_pk_context* get() { return &context_; }

    /// SubjectPublicKeyInfo, empty on failure.
    std::string public_der() {
        unsigned char buffer[2048];
        const int size = mbedtls_pk_write_pubkey_der(&context_, buffer, sizeof buffer);
        if (size <= 0) return {};
        return std::string(as_text({buffer + sizeof buffer - size, static_cast<size_t>(size)}));
    }

  private:
    mbedtls_pk_context context_;
};

class PublicKey : public TokenKey {
  public:
    PublicKey(TokenAlgorithm algorithm, std::string id, std::unique_ptr<Pk> pk, bool can_sign)
        : TokenKey(algorithm, std::move(id)), pk_(std::move(pk)), can_sign_(can_sign) {}

    bool can_sign() const override { return can_sign_; }

    bool verify(std::string_view signed_text, std::string_view signature) const override {
        std::string der;
        if (algorithm() == TokenAlgorithm::Es256) {
            if (signature.size() != 64) return false;
            der = ecdsa_signature_der(signature);
            signature = der;
        }
        const std::string hash = digest(DigestAlgorithm::Sha256, {signed_text});
        const std::lock_guard lock(mutex_);
        return mbedtls_pk_verify(pk_->get(), MBEDTLS_MD_SHA256, as_bytes(hash).data(), hash.size(),
                                 as_bytes(signature).data(), signature.size()) == 0;
    }

    Result<std::string> sign(std::string_view text) const override {
        if (!can_sign_) return Error{"this key can't sign: it is a public one", EINVAL};
        const std::string hash = digest(DigestAlgorithm::Sha256, {text});
        unsigned char buffer[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
        size_t size = 0;
        int error = 0;
        {
            const std::lock_guard lock(mutex_);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
            error = mbedtls_pk_sign(pk_->get(), MBEDTLS_MD_SHA256, as_bytes(hash).data(), hash.size(), buffer,
                                    sizeof buffer, &size, random_for_mbedtls, nullptr);
#else
            error = mbedtls_pk_sign(pk_->get(), MBEDTLS_MD_SHA256, as_bytes(hash).data(), hash.size(), buffer,
                                    &size, random_for_mbedtls, nullptr);
#endif
        }
        if (error != 0) return mbedtls_error("sign", error);
        std::string signature(as_text({buffer, size}));
        if (algorithm() == TokenAlgorithm::Rs256) return signature;
        auto raw = ecdsa_signature_raw(signature);
        if (!raw) return Error{"sign: not an ECDSA signature", EINVAL};
        return *std::move(raw);
    }

  private:
    // mbedTLS keeps what it has computed (Montgomery constants, blinding) in the context.
    mutable std::mutex mutex_;
    const std::unique_ptr<Pk> pk_;
    const bool can_sign_;
};

/// The one algorithm of a key; an error for keys that have none of ours.
Result<TokenAlgorithm> algorithm_of(Pk& pk) {
    const size_t bits = mbedtls_pk_get_bitlen(pk.get());
    if (mbedtls_pk_get_type(pk.get()) == MBEDTLS_PK_RSA) {
        if (bits < kSmallestRsaBits || bits > kLargestRsaBits)
            return Error{"RSA keys have 2048 to 8192 bits, this one has " + std::to_string(bits), EINVAL};
        return TokenAlgorithm::Rs256;
    }
    if (mbedtls_pk_can_do(pk.get(), MBEDTLS_PK_ECDSA) && is_p256_public_key(pk.public_der()))
        return TokenAlgorithm::Es256;
    return Error{"keys are RSA or ECDSA on P-256", EINVAL};
}

Result<std::shared_ptr<const TokenKey>> finished(std::unique_ptr<Pk> pk, std::string id, bool can_sign) {
    const auto algorithm = algorithm_of(*pk);
    if (!algorithm) return algorithm.error();
    return std::shared_ptr<const TokenKey>(
        std::make_shared<PublicKey>(*algorithm, std::move(id), std::move(pk), can_sign));
}

int parse_private(mbedtls_pk_context* context, const std::string& text) {
    const auto* data = reinterpret_cast<const unsigned char*>(text.c_str());
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_parse_key(context, data, text.size() + 1, nullptr, 0, random_for_mbedtls, nullptr);
#else
    return mbedtls_pk_parse_key(context, data, text.size() + 1, nullptr, 0);
#endif
}

}  // namespace

std::string_view algorithm_name(TokenAlgorithm algorithm) {
    return kNames[static_cast<unsigned>(algorithm)];
}

std::optional<TokenAlgorithm> parse_token_algorithm(std::string_view name) {
    for (const TokenAlgorithm known : {TokenAlgorithm::Hs256, TokenAlgorithm::Rs256, TokenAlgorithm::Es256}) {
        if (name == algorithm_name(known)) return known;
    }
    return std::nullopt;
}

Result<std::shared_ptr<const TokenKey>> TokenKey::shared_secret(std::string_view secret, std::string id) {
    if (secret.empty()) return Error{"a shared secret is not empty", EINVAL};
    return std::shared_ptr<const TokenKey>(std::make_shared<SharedSecret>(secret, std::move(id)));
}

Result<std::shared_ptr<const TokenKey>> TokenKey::from_pem(std::string_view pem, std::string id) {
    const Secret text{std::string(pem)};  // mbedTLS counts the NUL behind it
    const auto* data = reinterpret_cast<const unsigned char*>(text.text().c_str());
    auto pk = std::make_unique<Pk>();
    if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
        const int error = parse_private(pk->get(), text.text());
        if (error != 0) return mbedtls_error("private key", error);
        return finished(std::move(pk), std::move(id), true);
    }
    if (pem.find("-----BEGIN CERTIFICATE-----") == std::string_view::npos) {
        const int error = mbedtls_pk_parse_public_key(pk->get(), data, text.text().size() + 1);
        if (error != 0) return mbedtls_error("public key", error);
        return finished(std::move(pk), std::move(id), false);
    }
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    const int error = mbedtls_x509_crt_parse(&certificate, data, text.text().size() + 1);
    std::string der;
    if (error == 0) {
        unsigned char buffer[2048];
        const int size = mbedtls_pk_write_pubkey_der(&certificate.pk, buffer, sizeof buffer);
        if (size > 0) der = as_text({buffer + sizeof buffer - size, static_cast<size_t>(size)});
    }
    mbedtls_x509_crt_free(&certificate);
    if (error != 0) return mbedtls_error("certificate", error);
    return token_key_from_der(der, std::move(id));
}

Result<std::shared_ptr<const TokenKey>> token_key_from_der(std::string_view der, std::string id) {
    auto pk = std::make_unique<Pk>();
    const int error = mbedtls_pk_parse_public_key(pk->get(), as_bytes(der).data(), der.size());
    if (error != 0) return mbedtls_error("public key", error);
    return finished(std::move(pk), std::move(id), false);
}

}  // namespace marmoset::auth
