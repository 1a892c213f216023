#include "tls/openssl/transport.h"

#include <openssl/err.h>

#include <cerrno>
#include <limits>

#include "tls/cipher_suite.h"
#include "tls/openssl/error.h"
#include "tls/openssl/owned.h"

namespace marmoset::tls::openssl {

// Ours instead of the one for sockets: records are gathered, and what has come is decrypted from where it is.
BIO_METHOD* Transport::bio_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "marmoset");
        BIO_meth_set_write_ex(made, on_write);
        BIO_meth_set_read_ex(made, on_read);
        BIO_meth_set_ctrl(made, on_control);
        return made;
    }();
    return method;
}

int Transport::on_write(BIO* bio, const char* data, size_t size, size_t* written) {
    static_cast<Transport*>(BIO_get_data(bio))->put({reinterpret_cast<const uint8_t*>(data), size});
    *written = size;
    return 1;
}

int Transport::on_read(BIO* bio, char* into, size_t size, size_t* count) {
    auto& self = *static_cast<Transport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    *count = 0;
    const ssize_t got = self.fetch({reinterpret_cast<uint8_t*>(into), size});
    if (got > 0) {
        *count = static_cast<size_t>(got);
        return 1;
    }
    if (got == 0) self.ended_ = true;
    if (got == -EAGAIN) BIO_set_retry_read(bio);
    return 0;
}

long Transport::on_control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return static_cast<Transport*>(BIO_get_data(bio))->ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

Transport::Transport(std::unique_ptr<net::Transport> inner, SSL_CTX* context, uint64_t handshake_timeout_ms)
    : RecordTransport(std::move(inner), End::Server, handshake_timeout_ms), ssl_(SSL_new(context)) {
    BIO* const bio = ssl_ ? BIO_new(bio_method()) : nullptr;
    if (!bio) return;
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_accept_state(ssl_);
}

Transport::~Transport() {
    SSL_free(ssl_);
}

RecordTransport::Step Transport::advance() {
    if (!ssl_ || !SSL_get_rbio(ssl_)) {
        fail("out of memory");
        return Step::Failed;
    }
    ERR_clear_error();
    const int status = SSL_do_handshake(ssl_);
    if (status == 1) return Step::Done;
    if (SSL_get_error(ssl_, status) == SSL_ERROR_WANT_READ) return Step::WantsMore;
    const long verified = SSL_get_verify_result(ssl_);
    if (verified != X509_V_OK && ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        fail(std::string("client certificate: ") + X509_verify_cert_error_string(verified));
    fail(ended_ ? "the peer closed the connection" : take_error());
    ERR_clear_error();
    return Step::Failed;
}

bool Transport::holds_payload() const {
    return SSL_pending(ssl_) > 0;
}

ssize_t Transport::decrypt(MutableBytes into) {
    ERR_clear_error();
    size_t size = 0;
    if (SSL_read_ex(ssl_, into.data(), into.size(), &size) == 1) return static_cast<ssize_t>(size);
    switch (SSL_get_error(ssl_, 0)) {
        case SSL_ERROR_WANT_READ:
            return -EAGAIN;
        case SSL_ERROR_ZERO_RETURN:
            return 0;
        default:
            // An end without close_notify: what is cut off the protocol's own framing shows.
            if (ended_) {
                ERR_clear_error();
                return 0;
            }
            fail(take_error());
            return -EPROTO;
    }
}

bool Transport::encrypt(Bytes payload) {
    ERR_clear_error();
    while (!payload.empty()) {
        size_t size = 0;
        if (SSL_write_ex(ssl_, payload.data(), payload.size(), &size) != 1) {
            fail(take_error());
            return false;
        }
        payload = payload.subspan(size);
    }
    return true;
}

void Transport::close_notify() {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
}

net::TlsInfo Transport::tls_info() const {
    net::TlsInfo info;
    info.version = SSL_get_version(ssl_);
    info.cipher = SSL_get_cipher_name(ssl_);
    const X509* const peer = SSL_get0_peer_certificate(ssl_);
    if (!peer) return info;
    // In the certificate's order, as mbedTLS prints it.
    const OwnedBio text(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(text.get(), X509_get_subject_name(peer), 0,
                       XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | ASN1_STRFLGS_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    if (size > 0) info.subject.assign(data, static_cast<size_t>(size));
    return info;
}

}  // namespace marmoset::tls::openssl
