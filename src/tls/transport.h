// TLS on a connected socket (mbedTLS 2.28 or 3.x), as another net::Transport: records in and out, without
// blocking. One for both ends; which one it is its Context says.
#pragma once

#include <mbedtls/ssl.h>

#include <memory>
#include <string>

#include "net/socket_transport.h"
#include "net/transport.h"
#include "tls/context.h"

namespace marmoset::tls {

class Transport final : public net::Transport {
  public:
    /// A client's end names the `host` it connects to, which the certificate must be for: a DNS name (told to
    /// the server by SNI) or an address. A server's end leaves it empty.
    Transport(FileDescriptor socket, std::shared_ptr<const Context> context, const std::string& host);
    ~Transport() override;

    int descriptor() const override { return socket_.descriptor(); }
    Handshake handshake() override;
    std::string error() const override { return error_; }
    bool pending() const override;
    /// Gives decrypted bytes that wait before it looks at the socket.
    ssize_t read(MutableBytes into) override;
    ssize_t write(const iovec* pieces, int count, bool more) override;
    ssize_t send_file(int fd, off_t offset, size_t size) override;
    /// close_notify, then the half-close.
    void shutdown_write() override;
    bool encrypted() const override { return true; }

    /// "TLSv1.2", once the handshake is complete.
    std::string version() const;
    std::string cipher() const;

  private:
    static int on_send(void* context, const unsigned char* data, size_t size);
    static int on_receive(void* context, unsigned char* into, size_t size);
    static int on_verify(void* context, mbedtls_x509_crt* certificate, int depth, uint32_t* flags);

    ssize_t failure(int status);
    ssize_t write_record(const uint8_t* data, size_t size);
    size_t record_room() const;

    net::SocketTransport socket_;
    std::shared_ptr<const Context> context_;
    mbedtls_ssl_context ssl_;
    std::string error_;
    uint8_t address_[16];       // of a host that is an address
    uint8_t address_size_ = 0;  // 0: it is a name
    int setup_status_ = 0;
    size_t unsent_record_ = 0;  // payload bytes of a record that is encrypted but has not left
    bool established_ = false;
    bool ended_ = false;      // what ended the stream was met behind bytes that were given first
    ssize_t end_result_ = 0;  // ... and is what read() says from then on
};

}  // namespace marmoset::tls
