// The beginning of a connection that a trusted proxy has made: reads the PROXY header, and not a byte of what
// follows. In: a socket. Out: the header, and the socket again, for what the connection goes on with (plain,
// or TLS, whose handshake comes behind the header).
#pragma once

#include <memory>
#include <string>

#include "net/proxy_header.h"
#include "net/transport.h"

namespace marmoset::net {

class ProxyTransport final : public Transport {
  public:
    /// `timeout_ms`: from the accept to the header's last byte.
    ProxyTransport(std::unique_ptr<Transport> socket, uint64_t timeout_ms)
        : socket_(std::move(socket)), timeout_ms_(timeout_ms) {}

    int descriptor() const override { return socket_->descriptor(); }
    Handshake handshake() override;
    uint64_t handshake_timeout_ms() const override { return timeout_ms_; }
    std::string error() const override { return error_; }
    ProxyTransport* proxy() override { return this; }

    /// Once the handshake is done.
    const ProxyHeader& header() const { return header_; }
    std::unique_ptr<Transport> release_socket() { return std::move(socket_); }

    // What nobody asks for: the connection goes on with the socket itself.
    ssize_t read(MutableBytes) override;
    ssize_t write(const iovec*, int, bool) override;
    ssize_t send_file(int, off_t, size_t) override;
    bool shutdown_write() override { return socket_->shutdown_write(); }

  private:
    Handshake fail(const char* why);

    std::unique_ptr<Transport> socket_;
    std::string received_;
    ProxyHeader header_;
    std::string error_;
    uint64_t timeout_ms_;
    bool begun_ = false;
};

}  // namespace marmoset::net
