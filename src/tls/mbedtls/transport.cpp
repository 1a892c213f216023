#include "tls/mbedtls/transport.h"

#include <arpa/inet.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tls/cipher_suite.h"
#include "tls/mbedtls/error.h"
#include "tls/mbedtls/ticket_use.h"

namespace marmoset::tls::mbedtls {

namespace {

// RFC 5280 4.2.1.6: iPAddress in a GeneralName.
constexpr int kIpAddressTag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7;

bool wants(int status) {
    return status == MBEDTLS_ERR_SSL_WANT_READ || status == MBEDTLS_ERR_SSL_WANT_WRITE;
}

}  // namespace

Transport::Transport(std::unique_ptr<net::Transport> inner, std::shared_ptr<const Context> context,
                     const std::string& host)
    : RecordTransport(std::move(inner), End::Client, 0), context_(std::move(context)) {
    set_up();
    if (setup_status_ != 0) return;
    if (inet_pton(AF_INET, host.c_str(), address_) == 1) address_size_ = 4;
    if (inet_pton(AF_INET6, host.c_str(), address_) == 1) address_size_ = 16;
    if (address_size_ != 0) {
        // SNI takes no addresses (RFC 6066 3), and mbedTLS 2.28 compares none.
        setup_status_ = mbedtls_ssl_set_hostname(&ssl_, nullptr);
        mbedtls_ssl_set_verify(&ssl_, on_verify_host, this);
    } else if (!host.empty()) {
        setup_status_ = mbedtls_ssl_set_hostname(&ssl_, host.c_str());
    }
}

Transport::Transport(std::unique_ptr<net::Transport> inner, std::shared_ptr<const Context> context,
                     uint64_t handshake_timeout_ms)
    : RecordTransport(std::move(inner), End::Server, handshake_timeout_ms), context_(std::move(context)) {
    set_up();
    if (setup_status_ == 0) mbedtls_ssl_set_verify(&ssl_, on_verify_client, this);
}

void Transport::set_up() {
    mbedtls_ssl_init(&ssl_);
    setup_status_ = mbedtls_ssl_setup(&ssl_, &context_->config());
    if (setup_status_ == 0) mbedtls_ssl_set_bio(&ssl_, this, on_send, on_receive, nullptr);
}

Transport::~Transport() {
    mbedtls_ssl_free(&ssl_);
}

int Transport::on_send(void* context, const unsigned char* data, size_t size) {
    static_cast<Transport*>(context)->put({data, size});
    return static_cast<int>(size);
}

int Transport::on_receive(void* context, unsigned char* into, size_t size) {
    const ssize_t count = static_cast<Transport*>(context)->fetch({into, size});
    if (count >= 0) return static_cast<int>(count);
    if (count == -EAGAIN) return MBEDTLS_ERR_SSL_WANT_READ;
    return count == -ECONNRESET ? MBEDTLS_ERR_NET_CONN_RESET : MBEDTLS_ERR_NET_RECV_FAILED;
}

int Transport::on_verify_host(void* context, mbedtls_x509_crt* certificate, int depth, uint32_t* flags) {
    if (depth != 0) return 0;
    const auto* self = static_cast<Transport*>(context);
    for (const mbedtls_x509_sequence* name = &certificate->subject_alt_names; name; name = name->next) {
        if ((name->buf.tag & (MBEDTLS_ASN1_TAG_CLASS_MASK | MBEDTLS_ASN1_TAG_VALUE_MASK)) == kIpAddressTag &&
            name->buf.len == self->address_size_ &&
            std::memcmp(name->buf.p, self->address_, self->address_size_) == 0)
            return 0;
    }
    *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    return 0;
}

// Where a certificate is optional mbedTLS would take a bad one, too, unless this says no; also one that is
// not for clients, which it looks at only afterwards.
int Transport::on_verify_client(void* context, mbedtls_x509_crt* certificate, int depth, uint32_t* flags) {
    if (depth == 0) {
        if (mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0)
            *flags |= MBEDTLS_X509_BADCERT_KEY_USAGE;
        if (mbedtls_x509_crt_check_extended_key_usage(certificate, MBEDTLS_OID_CLIENT_AUTH,
                                                      MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH)) != 0)
            *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    }
    if (*flags == 0) return 0;
    static_cast<Transport*>(context)->fail("client certificate: " + verify_text(*flags));
    return MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
}

RecordTransport::Step Transport::advance() {
    const TicketUse use(resumed_);
    const int status = setup_status_ != 0 ? setup_status_ : mbedtls_ssl_handshake(&ssl_);
    if (status == 0) return Step::Done;
    if (wants(status)) return Step::WantsMore;
    const uint32_t found = setup_status_ != 0 ? 0 : mbedtls_ssl_get_verify_result(&ssl_);
    // All bits: no certificate has been looked at.
    fail(context_->verifies() && found != 0 && found != UINT32_MAX ? verify_text(found)
         : status == MBEDTLS_ERR_SSL_CONN_EOF                      ? "the peer closed the connection"
                                                                   : error_text(status));
    return Step::Failed;
}

bool Transport::holds_payload() const {
    return mbedtls_ssl_check_pending(&ssl_) != 0;
}

ssize_t Transport::decrypt(MutableBytes into) {
    for (;;) {
        const int status = mbedtls_ssl_read(&ssl_, into.data(), into.size());
        if (status > 0) return status;
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
        if (status == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) continue;
#endif
        if (wants(status)) return -EAGAIN;
        if (status == 0 || status == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || status == MBEDTLS_ERR_SSL_CONN_EOF)
            return 0;
        fail(error_text(status));
        return -EPROTO;
    }
}

bool Transport::encrypt(Bytes payload) {
    while (!payload.empty()) {
        const int status = mbedtls_ssl_write(&ssl_, payload.data(), payload.size());
        if (status < 0) {
            fail(error_text(status));
            return false;
        }
        payload = payload.subspan(static_cast<size_t>(status));
    }
    return true;
}

void Transport::close_notify() {
    mbedtls_ssl_close_notify(&ssl_);
}

net::TlsInfo Transport::tls_info() const {
    net::TlsInfo info;
    info.version = mbedtls_ssl_get_version(&ssl_);
    const char* const name = mbedtls_ssl_get_ciphersuite(&ssl_);
    const CipherSuite* const suite =
        find_cipher_suite(name ? static_cast<uint16_t>(mbedtls_ssl_get_ciphersuite_id(name)) : uint16_t{0});
    info.cipher = suite ? suite->openssl_name : name ? name : "";
    if (const mbedtls_x509_crt* const peer = mbedtls_ssl_get_peer_cert(&ssl_)) {
        char text[1024];
        const int size = mbedtls_x509_dn_gets(text, sizeof text, &peer->subject);
        if (size > 0) info.subject.assign(text, static_cast<size_t>(size));
    }
    return info;
}

}  // namespace marmoset::tls::mbedtls
