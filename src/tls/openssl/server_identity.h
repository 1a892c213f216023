// A certificate and its key, as OpenSSL has them. In: the files of a pair. Out: the chain that clients are
// shown, the names it is for, what an authority says of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tls/openssl/owned.h"
#include "tls/server_options.h"

namespace marmoset::tls::openssl {

/// All certificates of a file, appended to `into`. The error tells the path.
Result<void> parse_certificates(const std::string& file, STACK_OF(X509) * into);

class ServerIdentity {
  public:
    bool load(const ServerOptions::KeyPair& pair, OptionFault& fault);
    /// Puts those of `authorities` behind the chain that go on with it; a root is known to clients or not
    /// believed.
    void complete(const STACK_OF(X509) * authorities);
    bool serves(std::string_view name) const;
    /// Takes an OCSP response (DER) if it is about this certificate: of its number, by its issuer's name, and
    /// by the issuer's key where the issuer is in the chain or one of `authorities`.
    bool staple(const OCSP_BASICRESP* response, std::string_view der, const STACK_OF(X509) * authorities);

    X509* certificate() const { return certificate_.get(); }
    EVP_PKEY* key() const { return key_.get(); }
    STACK_OF(X509) * chain() const { return chain_.get(); }
    const std::string& stapled() const { return stapled_; }

  private:
    void read_names();
    bool is_about(OCSP_CERTID* id, const STACK_OF(X509) * authorities) const;

    OwnedCertificate certificate_;
    OwnedCertificates chain_;  // those behind it
    OwnedKey key_;
    std::vector<std::string> names_;
    std::string stapled_;
};

}  // namespace marmoset::tls::openssl
