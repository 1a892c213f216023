#include "tls/mbedtls/context.h"

#include <mbedtls/version.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

#include "tls/mbedtls/error.h"
#include "tls/mbedtls/random.h"

namespace marmoset::tls::mbedtls {

Context::Context() {
    mbedtls_ssl_config_init(&config_);
    mbedtls_x509_crt_init(&authorities_);
}

Context::~Context() {
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&authorities_);
}

Result<void> Context::prepare(int endpoint) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (psa_crypto_init() != PSA_SUCCESS) return Error{"TLS: psa_crypto_init failed"};
#endif
    const int status = mbedtls_ssl_config_defaults(&config_, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                                   MBEDTLS_SSL_PRESET_DEFAULT);
    if (status != 0) return Error{"TLS: " + error_text(status)};
    mbedtls_ssl_conf_rng(&config_, random_bytes, nullptr);
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    mbedtls_ssl_conf_min_tls_version(&config_, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    mbedtls_ssl_conf_alpn_protocols(&config_, alpn_);
    return {};
}

}  // namespace marmoset::tls::mbedtls
