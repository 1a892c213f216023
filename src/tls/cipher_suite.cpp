#include "tls/cipher_suite.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace marmoset::tls {

namespace {

using enum CipherSuite::Use;

// In order of preference: AES-128 is enough for everybody and the fastest, ECDSA signs five times faster.
constexpr CipherSuite kSuites[] = {
    {0x1301, true, Default, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
    {0x1302, true, Default, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
    {0x1303, true, Default, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"},
    {0xc02b, false, Default, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {0xc02f, false, Default, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {0xc02c, false, Default, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {0xc030, false, Default, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {0xcca9, false, Default, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
     "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {0xcca8, false, Default, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {0x009e, false, WithDhe, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA-AES128-GCM-SHA256"},
    {0x009f, false, WithDhe, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE-RSA-AES256-GCM-SHA384"},
    {0xccaa, false, WithDhe, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "DHE-RSA-CHACHA20-POLY1305"},
    {0xc023, false, OnRequest, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"},
    {0xc027, false, OnRequest, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"},
    {0xc024, false, OnRequest, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384"},
    {0xc028, false, OnRequest, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384"},
};

const CipherSuite* find_by_name(std::string_view name) {
    for (const CipherSuite& suite : kSuites) {
        if (equal_caseless(name, suite.name) || equal_caseless(name, suite.openssl_name)) return &suite;
    }
    return nullptr;
}

}  // namespace

const CipherSuite* find_cipher_suite(uint16_t number) {
    const auto* const found =
        std::find_if(std::begin(kSuites), std::end(kSuites),
                     [number](const CipherSuite& suite) { return suite.number == number; });
    return found == std::end(kSuites) ? nullptr : found;
}

Result<std::vector<const CipherSuite*>> parse_cipher_suites(std::string_view list) {
    constexpr std::string_view kSeparators = ":, \t";
    std::vector<const CipherSuite*> suites;
    for (size_t start = list.find_first_not_of(kSeparators); start != std::string_view::npos;) {
        const size_t end = list.find_first_of(kSeparators, start);
        const std::string_view name = list.substr(start, end - start);
        const CipherSuite* const suite = find_by_name(name);
        if (!suite) return Error{"\"" + std::string(name) + "\" is no cipher suite that is known and safe"};
        if (std::find(suites.begin(), suites.end(), suite) == suites.end()) suites.push_back(suite);
        start = list.find_first_not_of(kSeparators, end);
    }
    return suites;
}

std::vector<const CipherSuite*> default_cipher_suites(bool with_dhe) {
    std::vector<const CipherSuite*> suites;
    for (const CipherSuite& suite : kSuites) {
        if (suite.use == Default || (suite.use == WithDhe && with_dhe)) suites.push_back(&suite);
    }
    return suites;
}

}  // namespace marmoset::tls
