// What all TLS connections of one kind share: mbedTLS's configuration and the certificates it refers to. The
// client's kind only so far; a server's fills the same Context.
#pragma once

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace marmoset::tls {

/// Immutable once made, shared by its connections; the last one frees it.
class Context {
  public:
    Context();
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    const mbedtls_ssl_config& config() const { return config_; }
    /// Whether the peer's certificate must be valid.
    bool verifies() const { return verifies_; }

  private:
    friend struct ContextBuilder;
    mbedtls_ssl_config config_;
    mbedtls_x509_crt authorities_;
    const char* alpn_[2] = {nullptr, nullptr};
    bool verifies_ = true;
};

struct ClientOptions {
    std::string ca_file;    ///< PEM; empty: the system's bundle
    bool insecure = false;  ///< any certificate is taken
};

/// TLS 1.2 or later, ALPN "http/1.1". Reads and parses files: not for the loop's thread. An error tells the
/// file.
Result<std::shared_ptr<const Context>> make_client_context(const ClientOptions& options);

}  // namespace marmoset::tls
