// Session tickets for OpenSSL, with keys that all workers have in common.
#pragma once

#include <memory>

#include "tls/openssl/owned.h"
#include "tls/ticket_keys.h"

namespace marmoset::tls::openssl {

class ServerTickets {
  public:
    explicit ServerTickets(std::shared_ptr<TicketKeys> keys);

    /// False: see OpenSSL's errors. The context refers to this from then on.
    bool install(SSL_CTX* context);

  private:
    static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         EVP_MAC_CTX* mac, int encrypt);
    int begin(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool encrypt);

    std::shared_ptr<TicketKeys> keys_;
    std::unique_ptr<EVP_CIPHER, Freed<EVP_CIPHER_free>> algorithm_;
};

}  // namespace marmoset::tls::openssl
