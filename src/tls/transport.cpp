#include "tls/transport.h"

#include <arpa/inet.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tls/error.h"

namespace marmoset::tls {

namespace {

// Largest payload of a record (RFC 8446 5.1).
constexpr size_t kRecord = 16384;
// RFC 5280 4.2.1.6: iPAddress in a GeneralName.
constexpr int kIpAddressTag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7;

// Where a record's payload is put together; used only within one call.
uint8_t* scratch() {
    static thread_local std::unique_ptr<uint8_t[]> memory(new uint8_t[kRecord]);
    return memory.get();
}

bool wants(int status) {
    return status == MBEDTLS_ERR_SSL_WANT_READ || status == MBEDTLS_ERR_SSL_WANT_WRITE;
}

}  // namespace

Transport::Transport(FileDescriptor socket, std::shared_ptr<const Context> context, const std::string& host)
    : socket_(std::move(socket)), context_(std::move(context)) {
    mbedtls_ssl_init(&ssl_);
    setup_status_ = mbedtls_ssl_setup(&ssl_, &context_->config());
    if (setup_status_ != 0) return;
    mbedtls_ssl_set_bio(&ssl_, this, on_send, on_receive, nullptr);
    if (inet_pton(AF_INET, host.c_str(), address_) == 1) address_size_ = 4;
    if (inet_pton(AF_INET6, host.c_str(), address_) == 1) address_size_ = 16;
    if (address_size_ != 0) {
        // SNI takes no addresses (RFC 6066 3), and mbedTLS 2.28 compares none.
        setup_status_ = mbedtls_ssl_set_hostname(&ssl_, nullptr);
        mbedtls_ssl_set_verify(&ssl_, on_verify, this);
    } else if (!host.empty()) {
        setup_status_ = mbedtls_ssl_set_hostname(&ssl_, host.c_str());
    }
}

Transport::~Transport() {
    mbedtls_ssl_free(&ssl_);
}

int Transport::on_send(void* context, const unsigned char* data, size_t size) {
    const iovec piece{const_cast<unsigned char*>(data), size};
    const ssize_t sent = static_cast<Transport*>(context)->socket_.write(&piece, 1, false);
    if (sent >= 0) return static_cast<int>(sent);
    if (sent == -EAGAIN) return MBEDTLS_ERR_SSL_WANT_WRITE;
    return sent == -ECONNRESET || sent == -EPIPE ? MBEDTLS_ERR_NET_CONN_RESET : MBEDTLS_ERR_NET_SEND_FAILED;
}

int Transport::on_receive(void* context, unsigned char* into, size_t size) {
    const ssize_t count = static_cast<Transport*>(context)->socket_.read({into, size});
    if (count >= 0) return static_cast<int>(count);
    if (count == -EAGAIN) return MBEDTLS_ERR_SSL_WANT_READ;
    return count == -ECONNRESET ? MBEDTLS_ERR_NET_CONN_RESET : MBEDTLS_ERR_NET_RECV_FAILED;
}

int Transport::on_verify(void* context, mbedtls_x509_crt* certificate, int depth, uint32_t* flags) {
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

Transport::Handshake Transport::handshake() {
    if (established_) return Handshake::Done;
    const int status = setup_status_ != 0 ? setup_status_ : mbedtls_ssl_handshake(&ssl_);
    if (status == MBEDTLS_ERR_SSL_WANT_READ) return Handshake::WantsRead;
    if (status == MBEDTLS_ERR_SSL_WANT_WRITE) return Handshake::WantsWrite;
    if (status == 0) {
        established_ = true;
        return Handshake::Done;
    }
    const uint32_t found = setup_status_ != 0 ? 0 : mbedtls_ssl_get_verify_result(&ssl_);
    // All bits: no certificate has been looked at.
    error_ = context_->verifies() && found != 0 && found != UINT32_MAX ? verify_text(found)
             : status == 0 || status == MBEDTLS_ERR_SSL_CONN_EOF       ? "the peer closed the connection"
                                                                       : error_text(status);
    return Handshake::Failed;
}

bool Transport::pending() const {
    return ended_ || (established_ && mbedtls_ssl_check_pending(&ssl_) != 0);
}

// mbedTLS's numbers in the transport's terms.
ssize_t Transport::failure(int status) {
    if (wants(status)) return -EAGAIN;
    error_ = error_text(status);
    return status == MBEDTLS_ERR_NET_CONN_RESET ? -ECONNRESET : -EPROTO;
}

ssize_t Transport::read(MutableBytes into) {
    if (ended_) return end_result_;
    size_t total = 0;
    while (total < into.size()) {
        const int status = mbedtls_ssl_read(&ssl_, into.data() + total, into.size() - total);
        if (status > 0) {
            total += static_cast<size_t>(status);
            continue;
        }
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
        if (status == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) continue;
#endif
        const bool closed =
            status == 0 || status == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || status == MBEDTLS_ERR_SSL_CONN_EOF;
        const ssize_t result = closed ? 0 : failure(status);
        if (total == 0) return result;
        // What has come goes first; the socket need not become readable again for the rest.
        ended_ = result != -EAGAIN;
        end_result_ = result;
        break;
    }
    return static_cast<ssize_t>(total);
}

size_t Transport::record_room() const {
    const int most = mbedtls_ssl_get_max_out_record_payload(&ssl_);
    return most > 0 ? std::min(static_cast<size_t>(most), kRecord) : kRecord;
}

// When a record is encrypted but the socket is full, mbedTLS wants the same call again: the caller keeps the
// bytes, and offers them first the next time.
ssize_t Transport::write_record(const uint8_t* data, size_t size) {
    const int status = mbedtls_ssl_write(&ssl_, data, size);
    if (status >= 0) {
        unsent_record_ = 0;
        return status;
    }
    if (wants(status)) unsent_record_ = size;
    return failure(status);
}

ssize_t Transport::write(const iovec* pieces, int count, bool) {
    size_t total = 0;
    size_t offset = 0;  // in the first of the pieces
    while (count > 0) {
        const size_t room = unsent_record_ != 0 ? unsent_record_ : record_room();
        const auto* first = static_cast<const uint8_t*>(pieces->iov_base) + offset;
        size_t size = std::min(pieces->iov_len - offset, room);
        if (size < room && count > 1) {  // small pieces share a record
            uint8_t* record = scratch();
            std::memcpy(record, first, size);
            for (int i = 1; i < count && size < room; ++i) {
                const size_t part = std::min(pieces[i].iov_len, room - size);
                std::memcpy(record + size, pieces[i].iov_base, part);
                size += part;
            }
            first = record;
        }
        const ssize_t sent = write_record(first, size);
        if (sent < 0) return total > 0 && sent == -EAGAIN ? static_cast<ssize_t>(total) : sent;
        total += static_cast<size_t>(sent);
        auto left = static_cast<size_t>(sent);
        while (left > 0) {
            const size_t part = std::min(left, pieces->iov_len - offset);
            left -= part;
            offset += part;
            if (offset < pieces->iov_len) break;
            offset = 0;
            ++pieces;
            --count;
        }
        while (count > 0 && offset == 0 && pieces->iov_len == 0) {
            ++pieces;
            --count;
        }
    }
    return static_cast<ssize_t>(total);
}

ssize_t Transport::send_file(int fd, off_t offset, size_t size) {
    size_t total = 0;
    while (total < size) {
        const size_t room = unsent_record_ != 0 ? unsent_record_ : std::min(size - total, record_room());
        const ssize_t count = pread(fd, scratch(), room, offset + static_cast<off_t>(total));
        if (count < 0) return -errno;
        if (count == 0) break;
        const ssize_t sent = write_record(scratch(), unsent_record_ != 0 ? room : static_cast<size_t>(count));
        if (sent < 0) return total > 0 && sent == -EAGAIN ? static_cast<ssize_t>(total) : sent;
        total += static_cast<size_t>(sent);
    }
    return static_cast<ssize_t>(total);
}

void Transport::shutdown_write() {
    if (established_) mbedtls_ssl_close_notify(&ssl_);
    socket_.shutdown_write();
}

std::string Transport::version() const {
    return mbedtls_ssl_get_version(&ssl_);
}

std::string Transport::cipher() const {
    return mbedtls_ssl_get_ciphersuite(&ssl_);
}

}  // namespace marmoset::tls
