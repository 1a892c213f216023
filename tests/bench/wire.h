// The bytes of one client: a socket, or TLS on one (OpenSSL, as nginx and h2o use it, so that the generator
// is not what limits them). In: a Target. Out: what recv() and sendmsg() would say, errno included.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <memory>

#include "posix.h"
#include "target.h"
#ifdef MARMOSET_HAVE_OPENSSL
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif

namespace marmoset::bench {

/// What all connections of a generator have in common. Certificates are not checked: it is a bench.
class TlsSettings {
  public:
#ifdef MARMOSET_HAVE_OPENSSL
    /// `version`: "1.2", "1.3" or "" for the best; `ciphers`: suites of TLS 1.2 by OpenSSL's names, of
    /// TLS 1.3 by theirs (TLS_...), colons between, or "".
    TlsSettings(const std::string& version, const std::string& ciphers) {
        context_.reset(SSL_CTX_new(TLS_client_method()));
        SSL_CTX* context = context_.get();
        if (context == nullptr) throw std::runtime_error("out of memory for TLS");
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
        SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
        const int exact = version == "1.2" ? TLS1_2_VERSION : version == "1.3" ? TLS1_3_VERSION : 0;
        if (!version.empty() && exact == 0) throw std::runtime_error("--tls-version is 1.2 or 1.3");
        SSL_CTX_set_min_proto_version(context, exact);
        SSL_CTX_set_max_proto_version(context, exact);
        std::string older, newer;
        for (size_t at = 0; at < ciphers.size();) {
            const size_t end = std::min(ciphers.find(':', at), ciphers.size());
            std::string& list = ciphers.compare(at, 4, "TLS_") == 0 ? newer : older;
            list.append(list.empty() ? "" : ":").append(ciphers, at, end - at);
            at = end + 1;
        }
        if ((!older.empty() && SSL_CTX_set_cipher_list(context, older.c_str()) != 1) ||
            (!newer.empty() && SSL_CTX_set_ciphersuites(context, newer.c_str()) != 1))
            throw std::runtime_error("no such cipher suites: " + ciphers);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
        SSL_CTX_set_app_data(context, this);
    }
    TlsSettings(const TlsSettings&) = delete;
    TlsSettings& operator=(const TlsSettings&) = delete;

    using OwnedSsl = std::unique_ptr<SSL, void (*)(SSL*)>;
    /// Without a close_notify OpenSSL takes a session for broken, and never resumes it again.
    static void end(SSL* tls) {
        if (tls != nullptr) SSL_set_shutdown(tls, SSL_SENT_SHUTDOWN);
        SSL_free(tls);
    }

    /// Whether connections from here on resume the latest session a server gave.
    void resume(bool on) {
        resume_ = on;
    }
    bool has_session() const {
        return session_ != nullptr;
    }

    OwnedSsl begin(int fd) const {
        OwnedSsl tls(SSL_new(context_.get()), end);
        if (!tls || SSL_set_fd(tls.get(), fd) != 1) throw std::runtime_error("out of memory for TLS");
        SSL_set_tlsext_host_name(tls.get(), "localhost");
        SSL_set_connect_state(tls.get());
        if (resume_ && session_) {
            // OpenSSL uses a session of TLS 1.3 once only, as clients should; a bench may use a copy of it
            // again.
            const OwnedSession copy(SSL_SESSION_dup(session_.get()), SSL_SESSION_free);
            SSL_set_session(tls.get(), copy.get());
        }
        return tls;
    }

  private:
    using OwnedSession = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

    static int keep_session(SSL* tls, SSL_SESSION* session) {
        auto* settings = static_cast<TlsSettings*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)));
        settings->session_.reset(session);
        return 1;
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, SSL_CTX_free};
    OwnedSession session_{nullptr, SSL_SESSION_free};
    bool resume_ = false;
#else
    TlsSettings(const std::string&, const std::string&) {
        throw std::runtime_error("--tls: built without OpenSSL");
    }
    void resume(bool) {}
    bool has_session() const {
        return false;
    }
#endif
};

class Wire {
  public:
    /// `tls`: none if null; outlives the wire.
    void connect(const Target& target, const TlsSettings* tls, size_t index, size_t per_address) {
        reset();
        fd_ = target.connect(index, per_address);
        tls_settings_ = tls;
    }

    /// Once the socket has become writable, and on each event after that, until it says true. `interest`: the
    /// events to wait for meanwhile.
    bool establish(uint32_t& interest) {
        if (!connected_) {
            int error = 0;
            socklen_t length = sizeof error;
            ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
            if (error != 0) fail_errno("connect", error);
            connected_ = true;
        }
#ifdef MARMOSET_HAVE_OPENSSL
        if (tls_settings_ == nullptr) return true;
        if (!tls_) tls_ = tls_settings_->begin(fd_.get());
        const int status = SSL_do_handshake(tls_.get());
        if (status == 1) return true;
        const int error = SSL_get_error(tls_.get(), status);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            throw std::runtime_error("TLS: " + reason());
        interest = error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT;
        return false;
#else
        (void)interest;
        return true;
#endif
    }

    /// A record's largest payload (RFC 8446 5.1): receive() wants room for one at least.
    static constexpr size_t kRecord = 16384;

    /// As recv(); with TLS all that has come, as far as whole records fit: no poll would tell of a rest that
    /// is already decrypted.
    ssize_t receive(uint8_t* into, size_t size) {
#ifdef MARMOSET_HAVE_OPENSSL
        if (tls_) {
            size_t got = 0;
            while (size - got >= kRecord) {
                const int count =
                    SSL_read(tls_.get(), into + got, static_cast<int>(std::min<size_t>(size - got, 1 << 30)));
                if (count > 0) {
                    got += static_cast<size_t>(count);
                    continue;
                }
                if (got > 0) break;  // what ended it is met again
                return failure(count);
            }
            return static_cast<ssize_t>(got);
        }
#endif
        return ::recv(fd_.get(), into, size, 0);
    }

    /// As sendmsg(): how much of the pieces has left.
    ssize_t send(const iovec* pieces, size_t count) {
#ifdef MARMOSET_HAVE_OPENSSL
        if (tls_) {
            size_t sent = 0;
            for (size_t i = 0; i < count; ++i) {
                const int part =
                    SSL_write(tls_.get(), pieces[i].iov_base, static_cast<int>(pieces[i].iov_len));
                if (part <= 0) return sent > 0 ? static_cast<ssize_t>(sent) : failure(part);
                sent += static_cast<size_t>(part);
                if (static_cast<size_t>(part) < pieces[i].iov_len) break;
            }
            return static_cast<ssize_t>(sent);
        }
#endif
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(pieces);
        message.msg_iovlen = count;
        return ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    }

    int get() const {
        return fd_.get();
    }
    /// "TLSv1.3 TLS_AES_128_GCM_SHA256"; "" in the clear.
    std::string protection() const {
#ifdef MARMOSET_HAVE_OPENSSL
        if (tls_) return std::string(SSL_get_version(tls_.get())) + " " + SSL_get_cipher_name(tls_.get());
#endif
        return {};
    }
    bool resumed() const {
#ifdef MARMOSET_HAVE_OPENSSL
        return tls_ && SSL_session_reused(tls_.get()) == 1;
#else
        return false;
#endif
    }
    void reset() {
#ifdef MARMOSET_HAVE_OPENSSL
        tls_.reset();
#endif
        fd_.reset();
        connected_ = false;
    }

  private:
#ifdef MARMOSET_HAVE_OPENSSL
    static std::string reason() {
        const unsigned long code = ERR_get_error();
        return code == 0 ? "the connection was closed" : ERR_error_string(code, nullptr);
    }
    ssize_t failure(int status) {
        switch (SSL_get_error(tls_.get(), status)) {
            case SSL_ERROR_WANT_READ:
            case SSL_ERROR_WANT_WRITE:
                errno = EAGAIN;
                return -1;
            case SSL_ERROR_ZERO_RETURN:
                return 0;
            case SSL_ERROR_SYSCALL:
                return errno == 0 ? 0 : -1;
            default:
                throw std::runtime_error("TLS: " + reason());
        }
    }
    TlsSettings::OwnedSsl tls_{nullptr, TlsSettings::end};
#endif
    const TlsSettings* tls_settings_ = nullptr;
    Fd fd_;
    bool connected_ = false;
};

}  // namespace marmoset::bench
