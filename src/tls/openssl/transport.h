// TLS by OpenSSL 3, a server's end.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "tls/record_transport.h"

namespace marmoset::tls::openssl {

class Transport final : public RecordTransport {
  public:
    /// `context` outlives it.
    Transport(std::unique_ptr<net::Transport> inner, SSL_CTX* context, uint64_t handshake_timeout_ms);
    ~Transport() override;

    net::TlsInfo tls_info() const override;
    bool resumed() const override { return SSL_session_reused(ssl_) == 1; }

  private:
    static BIO_METHOD* bio_method();
    static int on_write(BIO* bio, const char* data, size_t size, size_t* written);
    static int on_read(BIO* bio, char* into, size_t size, size_t* count);
    static long on_control(BIO* bio, int command, long number, void* pointer);

    Step advance() override;
    ssize_t decrypt(MutableBytes into) override;
    bool encrypt(Bytes payload) override;
    void close_notify() override;
    bool holds_payload() const override;

    SSL* ssl_ = nullptr;
    bool ended_ = false;  // the socket has
};

}  // namespace marmoset::tls::openssl
