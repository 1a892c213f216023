#include "tls/openssl/server_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "log/logger.h"
#include "tls/openssl/error.h"
#include "tls/openssl/server_identity.h"
#include "tls/openssl/server_tickets.h"
#include "tls/openssl/transport.h"
#include "tls/server_file.h"

namespace marmoset::tls::openssl {

namespace {

using ClientCertificate = ServerOptions::ClientCertificate;
using Identities = std::vector<std::unique_ptr<ServerIdentity>>;

constexpr unsigned char kProtocols[] = "\x08http/1.1\x08http/1.0";

class Server final : public ServerContext {
  public:
    bool fill(const ServerOptions& options, OptionFault& fault) {
        handshake_timeout_ms_ = options.handshake_timeout_ms;
        context_.reset(SSL_CTX_new(TLS_server_method()));
        if (!context_) return wrong(fault, "library");
        SSL_CTX_set_app_data(context_.get(), this);
        SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                                SSL_OP_CIPHER_SERVER_PREFERENCE |
                                                SSL_OP_IGNORE_UNEXPECTED_EOF);
        // An idle connection keeps no buffers of records.
        SSL_CTX_set_mode(context_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                             SSL_MODE_NO_AUTO_CHAIN);
        SSL_CTX_set1_groups_list(context_.get(), "X25519:P-256:P-384:P-521");
        SSL_CTX_set_alpn_select_cb(context_.get(), on_protocols, nullptr);
        ERR_clear_error();
        return set_suites(options, fault) && read_authorities(options, fault) &&
               set_identities(options, fault) && set_stapled(options, fault) && set_dh(options, fault) &&
               set_client_certificate(options, fault) && set_tickets(options, fault);
    }

    std::unique_ptr<net::Transport> accept(std::unique_ptr<net::Transport> inner) const override {
        return std::make_unique<Transport>(std::move(inner), context_.get(), handshake_timeout_ms_);
    }

  private:
    static bool wrong(OptionFault& fault, const char* key, const std::string& file = {}) {
        fault = {key, (file.empty() ? "" : file + ": ") + take_error()};
        return false;
    }

    static Server& of(SSL* ssl) { return *static_cast<Server*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl))); }

    bool set_suites(const ServerOptions& options, OptionFault& fault) {
        const auto wanted =
            options.suites.empty() ? default_cipher_suites(!options.dh_file.empty()) : options.suites;
        std::string older;
        std::string newer;
        for (const CipherSuite* suite : wanted) {
            std::string& list = suite->tls13 ? newer : older;
            list.append(list.empty() ? "" : ":").append(suite->openssl_name);
        }
        // Suites of one version only say that the other's are not wanted; of TLS 1.3 only when they are
        // named.
        const bool only_newer = older.empty() || options.minimum == ServerOptions::Version::Tls13;
        SSL_CTX_set_min_proto_version(context_.get(), only_newer ? TLS1_3_VERSION : TLS1_2_VERSION);
        if (!older.empty() && SSL_CTX_set_cipher_list(context_.get(), older.c_str()) != 1)
            return wrong(fault, "ciphers");
        if (!newer.empty() && SSL_CTX_set_ciphersuites(context_.get(), newer.c_str()) != 1)
            return wrong(fault, "ciphers");
        return true;
    }

    bool read_authorities(const ServerOptions& options, OptionFault& fault) {
        authorities_.reset(sk_X509_new_null());
        if (options.chain_file.empty()) return true;
        const auto parsed = parse_certificates(options.chain_file, authorities_.get());
        if (parsed) return true;
        fault = {"cachain", parsed.error().text};
        return false;
    }

    bool set_identities(const ServerOptions& options, OptionFault& fault) {
        std::vector<const ServerIdentity*> all;
        for (const ServerOptions::KeyPair& pair : options.pairs) {
            auto identity = std::make_unique<ServerIdentity>();
            if (!identity->load(pair, fault)) return false;
            identity->complete(authorities_.get());
            all.push_back(identity.get());
            identities_.push_back(std::move(identity));
        }
        default_ = first_of_each_kind(all);
        for (size_t i = 0; i < identities_.size(); ++i) {
            const ServerIdentity& identity = *identities_[i];
            // All are tried, so that one that OpenSSL does not take is found now; the defaults stay.
            if (SSL_CTX_use_cert_and_key(context_.get(), identity.certificate(), identity.key(),
                                         identity.chain(), 1) != 1)
                return wrong(fault, "crtfile", options.pairs[i].certificate_file);
        }
        for (const ServerIdentity* each : default_) {
            SSL_CTX_use_cert_and_key(context_.get(), each->certificate(), each->key(), each->chain(), 1);
        }
        if (identities_.size() > 1) SSL_CTX_set_cert_cb(context_.get(), on_certificate, this);
        return true;
    }

    // OpenSSL shows one certificate of a kind of key.
    static std::vector<const ServerIdentity*> first_of_each_kind(
        const std::vector<const ServerIdentity*>& identities) {
        std::vector<const ServerIdentity*> found;
        for (const ServerIdentity* each : identities) {
            const bool known = std::any_of(found.begin(), found.end(), [each](const ServerIdentity* other) {
                return EVP_PKEY_get_base_id(other->key()) == EVP_PKEY_get_base_id(each->key());
            });
            if (!known) found.push_back(each);
        }
        return found;
    }

    bool set_stapled(const ServerOptions& options, OptionFault& fault) {
        for (const std::string& file : options.ocsp_files) {
            const auto content = read_server_file(file);
            if (!content) {
                fault = {"ocsp", content.error().text};
                return false;
            }
            const auto* data = reinterpret_cast<const unsigned char*>(content->data());
            const std::unique_ptr<OCSP_RESPONSE, Freed<OCSP_RESPONSE_free>> response(
                d2i_OCSP_RESPONSE(nullptr, &data, static_cast<long>(content->size())));
            const std::unique_ptr<OCSP_BASICRESP, Freed<OCSP_BASICRESP_free>> basic(
                response ? OCSP_response_get1_basic(response.get()) : nullptr);
            ERR_clear_error();
            if (!basic) {
                fault = {"ocsp", file + ": no OCSP response (DER) that tells of a certificate"};
                return false;
            }
            bool taken = false;
            for (const auto& identity : identities_)
                taken = identity->staple(basic.get(), *content, authorities_.get()) || taken;
            if (!taken) {
                fault = {"ocsp", file + ": is about none of the certificates of crtfile"};
                return false;
            }
            warn_if_old(basic.get(), file);
        }
        if (!options.ocsp_files.empty()) SSL_CTX_set_tlsext_status_cb(context_.get(), on_status);
        return true;
    }

    static void warn_if_old(OCSP_BASICRESP* basic, const std::string& file) {
        ASN1_GENERALIZEDTIME* next = nullptr;
        OCSP_single_get0_status(OCSP_resp_get0(basic, 0), nullptr, nullptr, nullptr, &next);
        if (next && X509_cmp_current_time(next) < 0)
            log::warning("{}: the OCSP response is out of date", file);
    }

    bool set_dh(const ServerOptions& options, OptionFault& fault) {
        if (options.dh_file.empty()) return true;
        const auto content = read_server_file(options.dh_file);
        if (!content) {
            fault = {"dhmfile", content.error().text};
            return false;
        }
        const OwnedBio bio = bio_of(*content);
        OwnedKey parameters(PEM_read_bio_Parameters(bio.get(), nullptr));
        if (!parameters || SSL_CTX_set0_tmp_dh_pkey(context_.get(), parameters.get()) != 1)
            return wrong(fault, "dhmfile", options.dh_file);
        parameters.release();  // the context's now
        return true;
    }

    bool set_client_certificate(const ServerOptions& options, OptionFault& fault) {
        if (options.client_certificate == ClientCertificate::None) return true;
        if (options.chain_file.empty()) {
            fault = {"clientauth", "needs cachain: the authorities of the clients' certificates"};
            return false;
        }
        X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
        for (int i = 0; i < sk_X509_num(authorities_.get()); ++i) {
            X509_STORE_add_cert(store, sk_X509_value(authorities_.get(), i));
            SSL_CTX_add_client_CA(context_.get(), sk_X509_value(authorities_.get(), i));
        }
        // An authority that is named is believed, whoever has signed it.
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_.get()), X509_V_FLAG_PARTIAL_CHAIN);
        const bool required = options.client_certificate == ClientCertificate::Required;
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                           nullptr);
        return true;
    }

    bool set_tickets(const ServerOptions& options, OptionFault& fault) {
        SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
        // Who a client must be is not asked again when it resumes.
        std::string text(1, static_cast<char>('0' + static_cast<int>(options.client_certificate)));
        const bool verifies = options.client_certificate != ClientCertificate::None;
        for (int i = 0; verifies && i < sk_X509_num(authorities_.get()); ++i) {
            unsigned char digest[EVP_MAX_MD_SIZE];
            unsigned size = 0;
            X509_digest(sk_X509_value(authorities_.get(), i), EVP_sha256(), digest, &size);
            text.append(reinterpret_cast<const char*>(digest), size);
        }
        unsigned char scope[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        if (EVP_Digest(text.data(), text.size(), scope, &size, EVP_sha256(), nullptr) != 1 ||
            SSL_CTX_set_session_id_context(context_.get(), scope, size) != 1)
            return wrong(fault, "tickets");
        if (!options.ticket_keys) {
            SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET);
            SSL_CTX_set_num_tickets(context_.get(), 0);
            return true;
        }
        tickets_.emplace(options.ticket_keys);
        return tickets_->install(context_.get()) || wrong(fault, "tickets");
    }

    // ---- in a handshake ----

    static int on_protocols(SSL*, const unsigned char** chosen, unsigned char* size,
                            const unsigned char* offered, unsigned offered_size, void*) {
        unsigned char* found = nullptr;
        const int status =
            SSL_select_next_proto(&found, size, kProtocols, sizeof kProtocols - 1, offered, offered_size);
        *chosen = found;
        // RFC 7301 3.2: nothing in common ends the handshake.
        return status == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
    }

    // The certificates for the name; none: those the context has.
    static int on_certificate(SSL* ssl, void* context) {
        const auto& self = *static_cast<Server*>(context);
        const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        std::vector<const ServerIdentity*> serving;
        for (const auto& identity : self.identities_) {
            if (name && identity->serves(name)) serving.push_back(identity.get());
        }
        serving = first_of_each_kind(serving);
        if (serving.empty() || serving == self.default_) return 1;
        SSL_certs_clear(ssl);
        for (const ServerIdentity* each : serving) {
            if (SSL_use_cert_and_key(ssl, each->certificate(), each->key(), each->chain(), 1) != 1) return 0;
        }
        return 1;
    }

    static int on_status(SSL* ssl, void*) {
        const X509* const shown = SSL_get_certificate(ssl);
        for (const auto& identity : of(ssl).identities_) {
            if (identity->certificate() != shown || identity->stapled().empty()) continue;
            const std::string& response = identity->stapled();
            void* const copy = OPENSSL_memdup(response.data(), response.size());
            if (!copy) break;
            SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
            return SSL_TLSEXT_ERR_OK;
        }
        return SSL_TLSEXT_ERR_NOACK;
    }

    OwnedContext context_;
    OwnedCertificates authorities_;
    Identities identities_;
    std::vector<const ServerIdentity*> default_;
    std::optional<ServerTickets> tickets_;
    uint64_t handshake_timeout_ms_ = 0;
};

}  // namespace

std::shared_ptr<ServerContext> make_server_context(const ServerOptions& options, OptionFault& fault) {
    auto server = std::make_shared<Server>();
    if (!server->fill(options, fault)) return nullptr;
    return server;
}

}  // namespace marmoset::tls::openssl
