#include "tls/context.h"

#include <mbedtls/version.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif
#include <unistd.h>

#include "tls/error.h"
#include "tls/random.h"

namespace marmoset::tls {

namespace {

// Where systems keep their authorities: Debian and Alpine, Fedora, SUSE, others.
constexpr const char* kSystemBundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                          "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                          "/etc/ssl/cert.pem"};

std::string system_bundle() {
    for (const char* file : kSystemBundles) {
        if (access(file, R_OK) == 0) return file;
    }
    return kSystemBundles[0];
}

}  // namespace

Context::Context() {
    mbedtls_ssl_config_init(&config_);
    mbedtls_x509_crt_init(&authorities_);
}

Context::~Context() {
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&authorities_);
}

/// Fills what a Context shows as constant.
struct ContextBuilder {
    /// What both ends have in common.
    static Result<void> prepare(Context& context, int endpoint) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        if (psa_crypto_init() != PSA_SUCCESS) return Error{"TLS: psa_crypto_init failed"};
#endif
        mbedtls_ssl_config& config = context.config_;
        const int status = mbedtls_ssl_config_defaults(&config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                                       MBEDTLS_SSL_PRESET_DEFAULT);
        if (status != 0) return Error{"TLS: " + error_text(status)};
        mbedtls_ssl_conf_rng(&config, random_bytes, nullptr);
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
        mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
        mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
        context.alpn_[0] = "http/1.1";
        mbedtls_ssl_conf_alpn_protocols(&config, context.alpn_);
        return {};
    }

    static Result<void> trust(Context& context, const std::string& file) {
        const int status = mbedtls_x509_crt_parse_file(&context.authorities_, file.c_str());
        // Above 0: so many certificates of the file were not understood; the others serve.
        if (status < 0) return Error{"CA file " + file + ": " + error_text(status)};
        if (context.authorities_.version == 0) return Error{"CA file " + file + ": no certificate in it"};
        mbedtls_ssl_conf_ca_chain(&context.config_, &context.authorities_, nullptr);
        return {};
    }

    static Result<std::shared_ptr<const Context>> client(const ClientOptions& options) {
        auto context = std::make_shared<Context>();
        if (auto done = prepare(*context, MBEDTLS_SSL_IS_CLIENT); !done) return done.error();
        context->verifies_ = !options.insecure;
        // With insecure a file that was named is still read: a mistake in its name shall not pass unseen.
        if (!options.insecure || !options.ca_file.empty()) {
            auto done = trust(*context, options.ca_file.empty() ? system_bundle() : options.ca_file);
            if (!done) return done.error();
        }
        mbedtls_ssl_conf_authmode(&context->config_,
                                  options.insecure ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED);
        return std::shared_ptr<const Context>(std::move(context));
    }
};

Result<std::shared_ptr<const Context>> make_client_context(const ClientOptions& options) {
    return ContextBuilder::client(options);
}

}  // namespace marmoset::tls
