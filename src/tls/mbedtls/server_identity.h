// A certificate and its key, as mbedTLS has them. In: the files of a pair. Out: the chain that clients are
// shown and the names it is for.
#pragma once

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include <string>
#include <string_view>
#include <vector>

#include "tls/server_options.h"

namespace marmoset::tls::mbedtls {

/// All certificates of a file, appended to `into`. The error tells the path.
Result<void> parse_certificates(const std::string& file, mbedtls_x509_crt& into);

class ServerIdentity {
  public:
    ServerIdentity();
    ~ServerIdentity();
    ServerIdentity(const ServerIdentity&) = delete;
    ServerIdentity& operator=(const ServerIdentity&) = delete;

    bool load(const ServerOptions::KeyPair& pair, OptionFault& fault);
    /// Puts those of `authorities` behind the chain that go on with it; a root is known to clients or not
    /// believed.
    void complete(const mbedtls_x509_crt& authorities);
    bool serves(std::string_view name) const;

    mbedtls_x509_crt* chain() { return &chain_; }
    mbedtls_pk_context* key() { return &key_; }

  private:
    void read_names();

    mbedtls_x509_crt chain_;
    mbedtls_pk_context key_;
    std::vector<std::string> names_;
};

}  // namespace marmoset::tls::mbedtls
