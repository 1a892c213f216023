#include "tls/mbedtls/client_context.h"

#include <unistd.h>

#include "tls/mbedtls/error.h"

namespace marmoset::tls::mbedtls {

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

class ClientContext final : public Context {
  public:
    Result<void> fill(const ClientOptions& options) {
        if (auto done = prepare(MBEDTLS_SSL_IS_CLIENT); !done) return done;
        verifies_ = !options.insecure;
        // With insecure a file that was named is still read: a mistake in its name shall not pass unseen.
        if (!options.insecure || !options.ca_file.empty()) {
            auto done = trust(options.ca_file.empty() ? system_bundle() : options.ca_file);
            if (!done) return done;
        }
        mbedtls_ssl_conf_authmode(&config_,
                                  options.insecure ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED);
        return {};
    }

  private:
    Result<void> trust(const std::string& file) {
        const int status = mbedtls_x509_crt_parse_file(&authorities_, file.c_str());
        // Above 0: so many certificates of the file were not understood; the others serve.
        if (status < 0) return Error{"CA file " + file + ": " + error_text(status)};
        if (authorities_.version == 0) return Error{"CA file " + file + ": no certificate in it"};
        mbedtls_ssl_conf_ca_chain(&config_, &authorities_, nullptr);
        return {};
    }
};

}  // namespace

Result<std::shared_ptr<const Context>> make_client_context(const ClientOptions& options) {
    auto context = std::make_shared<ClientContext>();
    if (auto done = context->fill(options); !done) return done.error();
    return std::shared_ptr<const Context>(std::move(context));
}

}  // namespace marmoset::tls::mbedtls
