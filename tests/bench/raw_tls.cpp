// What mbedTLS itself allows: TLS with one recv and one send a record, nothing else. Usage: raw_tls
// CERTIFICATE KEY [FILE]; prints "port N". Echoes what comes; with FILE it answers each request head with
// that file.
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <sys/random.h>

#include <fstream>
#include <iterator>
#include <string_view>

#include "raw_server.h"
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

namespace marmoset::bench {

namespace {

void check(int status, const char* what) {
    if (status != 0) throw std::runtime_error(std::string(what) + ": mbedTLS says " + std::to_string(status));
}

int random_bytes(void*, unsigned char* out, size_t size) {
    return ::getrandom(out, size, 0) == static_cast<ssize_t>(size) ? 0 : -1;
}

/// Certificate, key and tickets; everything else is mbedTLS's default.
class Context {
  public:
    Context(const char* certificate_file, const char* key_file) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        if (psa_crypto_init() != PSA_SUCCESS) throw std::runtime_error("psa_crypto_init failed");
#endif
        mbedtls_ssl_config_init(&config_);
        mbedtls_x509_crt_init(&certificate_);
        mbedtls_pk_init(&key_);
        mbedtls_ssl_ticket_init(&tickets_);
        check(mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT),
              "defaults");
        mbedtls_ssl_conf_rng(&config_, random_bytes, nullptr);
        check(mbedtls_x509_crt_parse_file(&certificate_, certificate_file), certificate_file);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        check(mbedtls_pk_parse_keyfile(&key_, key_file, nullptr, random_bytes, nullptr), key_file);
        mbedtls_ssl_conf_max_tls_version(&config_, MBEDTLS_SSL_VERSION_TLS1_2);
#else
        check(mbedtls_pk_parse_keyfile(&key_, key_file, nullptr), key_file);
        // The library's own order begins with the slowest.
        static const mbedtls_ecp_group_id kGroups[] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};
        mbedtls_ssl_conf_curves(&config_, kGroups);
#endif
        check(mbedtls_ssl_conf_own_cert(&config_, &certificate_, &key_), "certificate");
        check(mbedtls_ssl_ticket_setup(&tickets_, random_bytes, nullptr, MBEDTLS_CIPHER_AES_256_GCM, 7200),
              "tickets");
        mbedtls_ssl_conf_session_tickets_cb(&config_, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                            &tickets_);
    }
    const mbedtls_ssl_config& config() const {
        return config_;
    }

  private:
    // Until the process ends.
    mbedtls_ssl_config config_;
    mbedtls_x509_crt certificate_;
    mbedtls_pk_context key_;
    mbedtls_ssl_ticket_context tickets_;
};

class Connection {
  public:
    Connection(Fd fd, const Context& context) : fd_(std::move(fd)) {
        mbedtls_ssl_init(&ssl_);
        check(mbedtls_ssl_setup(&ssl_, &context.config()), "connection");
        mbedtls_ssl_set_bio(&ssl_, this, on_send, on_receive, nullptr);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { mbedtls_ssl_free(&ssl_); }

    int descriptor() const { return fd_.get(); }
    bool blocked() const { return blocked_; }

    /// As far as it gets; false when the connection has ended. `answer`: empty to echo.
    bool advance(std::string_view answer) {
        blocked_ = false;
        if (!established_) {
            const int status = mbedtls_ssl_handshake(&ssl_);
            if (status != 0) return waits(status);
            established_ = true;
        }
        for (;;) {
            while (sent_ < output_.size()) {
                const int count =
                    mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(output_.data()) + sent_,
                                      output_.size() - sent_);
                if (count <= 0) return waits(count);
                sent_ += static_cast<size_t>(count);
            }
            output_ = {};
            sent_ = 0;
            static unsigned char input[MBEDTLS_SSL_IN_CONTENT_LEN];
            const int count = mbedtls_ssl_read(&ssl_, input, sizeof input);
            if (count <= 0) return count != 0 && waits(count);
            const std::string_view bytes(reinterpret_cast<const char*>(input), static_cast<size_t>(count));
            if (!answer.empty()) {
                head_.append(bytes);
                if (!head_.ends_with("\r\n\r\n")) continue;
                head_.clear();
                output_ = answer;
                continue;
            }
            echo_.assign(bytes);
            output_ = echo_;
        }
    }

  private:
    static int on_send(void* self, const unsigned char* data, size_t size) {
        const ssize_t count = ::send(static_cast<Connection*>(self)->fd_.get(), data, size, MSG_NOSIGNAL);
        if (count >= 0) return static_cast<int>(count);
        if (errno != EAGAIN) return -1;
        static_cast<Connection*>(self)->blocked_ = true;
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    static int on_receive(void* self, unsigned char* into, size_t size) {
        const ssize_t count = ::recv(static_cast<Connection*>(self)->fd_.get(), into, size, 0);
        if (count >= 0) return static_cast<int>(count);
        return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ : -1;
    }
    static bool waits(int status) {
        return status == MBEDTLS_ERR_SSL_WANT_READ || status == MBEDTLS_ERR_SSL_WANT_WRITE;
    }

    Fd fd_;
    mbedtls_ssl_context ssl_;
    std::string head_, echo_;
    std::string_view output_;  // of echo_ or of the answer
    size_t sent_ = 0;
    bool established_ = false, blocked_ = false;
};

void serve(const Context& context, const std::string& answer) {
    raise_descriptor_limit();
    const Fd listener = listen_tcp();
    Poller poller;
    poller.add(listener.get(), EPOLLIN, nullptr);
    for (;;) {
        for (epoll_event& event : poller.wait(-1)) {
            auto* connection = static_cast<Connection*>(event.data.ptr);
            if (connection == nullptr) {
                while (Fd fd = accept_one(listener)) {
                    // Owned by its place in the epoll until it ends.
                    connection = new Connection(std::move(fd), context);
                    poller.add(connection->descriptor(), EPOLLIN, connection);
                }
                continue;
            }
            const bool was_blocked = connection->blocked();
            if (!connection->advance(answer)) {
                delete connection;
            } else if (connection->blocked() != was_blocked) {
                poller.change(connection->descriptor(), was_blocked ? EPOLLIN : EPOLLOUT, connection);
            }
        }
    }
}

std::string answer_with(const char* file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) fail_errno(file);
    const std::string body{std::istreambuf_iterator<char>(in), {}};
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

}  // namespace marmoset::bench

int main(int argc, char** argv) {
    using namespace marmoset::bench;
    return guarded("raw_tls", [&] {
        if (argc < 3) throw std::runtime_error("usage: raw_tls CERTIFICATE KEY [FILE]");
        const Context context(argv[1], argv[2]);
        serve(context, argc > 3 ? answer_with(argv[3]) : std::string());
    });
}
