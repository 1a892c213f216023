#include "tls/mbedtls/server_context.h"

#include <mbedtls/dhm.h>
#include <mbedtls/md.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/version.h>

#include <array>
#include <optional>
#include <vector>

#include "tls/mbedtls/context.h"
#include "tls/mbedtls/error.h"
#include "tls/mbedtls/server_identity.h"
#include "tls/mbedtls/server_tickets.h"
#include "tls/mbedtls/transport.h"
#include "tls/server_file.h"

namespace marmoset::tls::mbedtls {

namespace {

using ClientCertificate = ServerOptions::ClientCertificate;

// P-256 first: everybody has it and here it is the fastest; by itself mbedTLS would choose P-521.
#if MBEDTLS_VERSION_NUMBER >= 0x03010000
constexpr uint16_t kGroups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
                                MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
                                MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
#else
constexpr mbedtls_ecp_group_id kGroups[] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_CURVE25519,
                                            MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_SECP521R1,
                                            MBEDTLS_ECP_DP_NONE};
#endif

const char* kProtocols[] = {"http/1.1", "http/1.0", nullptr};

class Server final : public ServerContext, public Context, public std::enable_shared_from_this<Server> {
  public:
    Server() { mbedtls_dhm_init(&dh_); }
    ~Server() override { mbedtls_dhm_free(&dh_); }

    bool fill(const ServerOptions& options, OptionFault& fault) {
        handshake_timeout_ms_ = options.handshake_timeout_ms;
        if (auto done = prepare(MBEDTLS_SSL_IS_SERVER); !done) {
            fault = {"library", done.error().text};
            return false;
        }
        mbedtls_ssl_conf_alpn_protocols(&config_, kProtocols);
        if (options.minimum == ServerOptions::Version::Tls13) {
            fault = {"minversion", "mbedtls has no TLS 1.3 here; expected \"1.2\", or library = \"openssl\""};
            return false;
        }
        if (!options.ocsp_files.empty()) {
            fault = {"ocsp", "mbedtls can't staple OCSP responses; expected library = \"openssl\""};
            return false;
        }
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
        mbedtls_ssl_conf_max_tls_version(&config_, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
#ifdef MBEDTLS_SSL_RENEGOTIATION
        mbedtls_ssl_conf_renegotiation(&config_, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03010000
        mbedtls_ssl_conf_groups(&config_, kGroups);
#else
        mbedtls_ssl_conf_curves(&config_, kGroups);
#endif
        return set_suites(options, fault) && set_identities(options, fault) && set_dh(options, fault) &&
               set_client_certificate(options, fault) && set_tickets(options, fault);
    }

    std::unique_ptr<net::Transport> accept(std::unique_ptr<net::Transport> inner) const override {
        return std::make_unique<Transport>(std::move(inner), shared_from_this(), handshake_timeout_ms_);
    }

  private:
    bool set_suites(const ServerOptions& options, OptionFault& fault) {
        const auto wanted =
            options.suites.empty() ? default_cipher_suites(!options.dh_file.empty()) : options.suites;
        for (const CipherSuite* suite : wanted) {
            if (!suite->tls13 && mbedtls_ssl_ciphersuite_from_id(suite->number))
                suites_.push_back(suite->number);
        }
        if (suites_.empty()) {
            fault = {"ciphers", "mbedtls has none of these"};
            return false;
        }
        suites_.push_back(0);
        mbedtls_ssl_conf_ciphersuites(&config_, suites_.data());
        return true;
    }

    bool set_identities(const ServerOptions& options, OptionFault& fault) {
        if (!options.chain_file.empty()) {
            if (auto parsed = parse_certificates(options.chain_file, authorities_); !parsed) {
                fault = {"cachain", parsed.error().text};
                return false;
            }
        }
        for (const ServerOptions::KeyPair& pair : options.pairs) {
            auto identity = std::make_unique<ServerIdentity>();
            if (!identity->load(pair, fault)) return false;
            identity->complete(authorities_);
            if (mbedtls_ssl_conf_own_cert(&config_, identity->chain(), identity->key()) != 0) {
                fault = {"crtfile", "out of memory"};
                return false;
            }
            identities_.push_back(std::move(identity));
        }
        if (identities_.size() > 1) mbedtls_ssl_conf_sni(&config_, on_server_name, this);
        return true;
    }

    bool set_dh(const ServerOptions& options, OptionFault& fault) {
        if (options.dh_file.empty()) return true;
        const auto content = read_server_file(options.dh_file);
        if (!content) {
            fault = {"dhmfile", content.error().text};
            return false;
        }
        const size_t size = content->size() + (is_pem(*content) ? 1 : 0);
        int status =
            mbedtls_dhm_parse_dhm(&dh_, reinterpret_cast<const unsigned char*>(content->c_str()), size);
        if (status == 0) status = mbedtls_ssl_conf_dh_param_ctx(&config_, &dh_);
        if (status == 0) return true;
        fault = {"dhmfile", options.dh_file + ": " + error_text(status)};
        return false;
    }

    bool set_client_certificate(const ServerOptions& options, OptionFault& fault) {
        verifies_ = options.client_certificate != ClientCertificate::None;
        if (!verifies_) {
            mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_NONE);
            return true;
        }
        if (options.chain_file.empty()) {
            fault = {"clientauth", "needs cachain: the authorities of the clients' certificates"};
            return false;
        }
        mbedtls_ssl_conf_ca_chain(&config_, &authorities_, nullptr);
        mbedtls_ssl_conf_authmode(&config_, options.client_certificate == ClientCertificate::Required
                                                ? MBEDTLS_SSL_VERIFY_REQUIRED
                                                : MBEDTLS_SSL_VERIFY_OPTIONAL);
        return true;
    }

    bool set_tickets(const ServerOptions& options, OptionFault& fault) {
        if (!options.ticket_keys) return true;
        // Who a client must be is not asked again when it resumes.
        std::string text(1, static_cast<char>('0' + static_cast<int>(options.client_certificate)));
        for (const mbedtls_x509_crt* each = &authorities_; verifies_ && each && each->raw.p;
             each = each->next)
            text.append(reinterpret_cast<const char*>(each->raw.p), each->raw.len);
        std::array<uint8_t, 32> scope;
        if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(), scope.data()) != 0) {
            fault = {"tickets", "SHA-256 fails"};
            return false;
        }
        tickets_.emplace(options.ticket_keys, scope);
        tickets_->install(config_);
        return true;
    }

    // All certificates for the name: mbedTLS takes the one that fits the suite. None: those of the
    // configuration, in its order.
    static int on_server_name(void* context, mbedtls_ssl_context* ssl, const unsigned char* name,
                              size_t size) {
        const auto& self = *static_cast<const Server*>(context);
        const std::string_view asked(reinterpret_cast<const char*>(name), size);
        for (const auto& identity : self.identities_) {
            if (!identity->serves(asked)) continue;
            if (const int status = mbedtls_ssl_set_hs_own_cert(ssl, identity->chain(), identity->key());
                status != 0)
                return status;
        }
        return 0;
    }

    std::vector<std::unique_ptr<ServerIdentity>> identities_;
    std::vector<int> suites_;  // IANA's numbers, 0 behind them
    mbedtls_dhm_context dh_;
    std::optional<ServerTickets> tickets_;
    uint64_t handshake_timeout_ms_ = 0;
};

}  // namespace

std::shared_ptr<ServerContext> make_server_context(const ServerOptions& options, OptionFault& fault) {
    auto server = std::make_shared<Server>();
    if (!server->fill(options, fault)) return nullptr;
    return server;
}

}  // namespace marmoset::tls::mbedtls
