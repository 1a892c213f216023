// OpenSSL's objects as std::unique_ptr.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

namespace marmoset::tls::openssl {

template <auto Free>
struct Freed {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
inline void free_certificates(STACK_OF(X509) * stack) {
    sk_X509_pop_free(stack, X509_free);
}

using OwnedContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using OwnedCertificate = std::unique_ptr<X509, Freed<X509_free>>;
using OwnedCertificates = std::unique_ptr<STACK_OF(X509), Freed<free_certificates>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using OwnedBio = std::unique_ptr<BIO, Freed<BIO_free>>;

/// Reads `content`, which outlives it.
inline OwnedBio bio_of(std::string_view content) {
    return OwnedBio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
}

}  // namespace marmoset::tls::openssl
