// What all TLS connections of one kind share: mbedTLS's configuration and the certificates it refers to.
#pragma once

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "base/result.h"

namespace marmoset::tls::mbedtls {

/// Filled by its maker, constant from then on; its connections share it, and the last one frees it.
class Context {
  public:
    Context();
    virtual ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    const mbedtls_ssl_config& config() const { return config_; }
    /// Whether a certificate that the peer shows must be valid.
    bool verifies() const { return verifies_; }

  protected:
    /// What both ends have in common: TLS 1.2 or later, ALPN "http/1.1". `endpoint`: MBEDTLS_SSL_IS_….
    Result<void> prepare(int endpoint);

    mbedtls_ssl_config config_;
    mbedtls_x509_crt authorities_;
    bool verifies_ = true;

  private:
    const char* alpn_[2] = {"http/1.1", nullptr};
};

}  // namespace marmoset::tls::mbedtls
