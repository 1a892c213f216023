#include "settings.h"

#include "base/text.h"

namespace marmoset::tls_module {

Result<tls::ServerOptions> read_options(const config::Section& section) {
    using ClientCertificate = tls::ServerOptions::ClientCertificate;
    tls::ServerOptions options;
    const auto certificates = section.strings("crtfile");
    const auto keys = section.strings("keyfile");
    if (certificates.empty()) return section.error("crtfile", "not set; expected the server's certificate");
    if (!keys.empty() && keys.size() != certificates.size()) {
        return section.error("keyfile", std::to_string(keys.size()) + " keys for " +
                                            std::to_string(certificates.size()) + " certificates of crtfile");
    }
    for (size_t i = 0; i < certificates.size(); ++i)
        options.pairs.push_back({certificates[i], keys.empty() ? certificates[i] : keys[i]});
    options.chain_file = section.string("cachain");
    options.dh_file = section.string("dhmfile");
    if (section.string("minversion") == "1.3") options.minimum = tls::ServerOptions::Version::Tls13;
    if (section.has("ciphers")) {
        auto suites = tls::parse_cipher_suites(section.string("ciphers"));
        if (!suites) return section.error("ciphers", suites.error().text);
        if (suites->empty()) return section.error("ciphers", "there is none in it");
        options.suites = suites.take();
    }
    const std::string_view wanted = section.string("clientauth");
    options.client_certificate = equal_caseless(wanted, "required")   ? ClientCertificate::Required
                                 : equal_caseless(wanted, "optional") ? ClientCertificate::Optional
                                                                      : ClientCertificate::None;
    options.ocsp_files = section.strings("ocsp");
    options.handshake_timeout_ms = section.milliseconds("tls_handshake_timeout");
    return options;
}

}  // namespace marmoset::tls_module
