// TLS by mbedTLS 2.28 or 3.x, for both ends; which one it is its Context says.
#pragma once

#include <mbedtls/ssl.h>

#include <memory>
#include <string>

#include "tls/mbedtls/context.h"
#include "tls/record_transport.h"

namespace marmoset::tls::mbedtls {

class Transport final : public RecordTransport {
  public:
    /// A client's end names the `host` it connects to, which the certificate must be for: a DNS name (told to
    /// the server by SNI) or an address.
    Transport(std::unique_ptr<net::Transport> inner, std::shared_ptr<const Context> context,
              const std::string& host);
    /// A server's end.
    Transport(std::unique_ptr<net::Transport> inner, std::shared_ptr<const Context> context,
              uint64_t handshake_timeout_ms);
    ~Transport() override;

    net::TlsInfo tls_info() const override;
    bool resumed() const override { return resumed_; }

  private:
    void set_up();
    static int on_send(void* context, const unsigned char* data, size_t size);
    static int on_receive(void* context, unsigned char* into, size_t size);
    static int on_verify_host(void* context, mbedtls_x509_crt* certificate, int depth, uint32_t* flags);
    static int on_verify_client(void* context, mbedtls_x509_crt* certificate, int depth, uint32_t* flags);

    Step advance() override;
    ssize_t decrypt(MutableBytes into) override;
    bool encrypt(Bytes payload) override;
    void close_notify() override;
    bool holds_payload() const override;

    std::shared_ptr<const Context> context_;
    mbedtls_ssl_context ssl_;
    uint8_t address_[16];       // of a host that is an address
    uint8_t address_size_ = 0;  // 0: it is a name
    bool resumed_ = false;
    int setup_status_ = 0;
};

}  // namespace marmoset::tls::mbedtls
