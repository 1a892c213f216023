// Session tickets for mbedTLS, with keys that all workers have in common; its own would be each worker's.
#pragma once

#include <mbedtls/ssl.h>

#include <array>
#include <memory>

#include "tls/ticket_keys.h"

namespace marmoset::tls::mbedtls {

class ServerTickets {
  public:
    /// `scope`: a digest of who clients have to be; tickets of another one are not taken.
    ServerTickets(std::shared_ptr<TicketKeys> keys, const std::array<uint8_t, 32>& scope);

    void install(mbedtls_ssl_config& config);

  private:
    static int write(void* context, const mbedtls_ssl_session* session, unsigned char* start,
                     const unsigned char* end, size_t* size, uint32_t* lifetime);
    static int parse(void* context, mbedtls_ssl_session* session, unsigned char* ticket, size_t size);

    std::shared_ptr<TicketKeys> keys_;
    std::array<uint8_t, 32> scope_;
};

}  // namespace marmoset::tls::mbedtls
