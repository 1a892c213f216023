// Names of cipher suites, OpenSSL's and IANA's.
#include "tls/cipher_suite.h"

#include <gtest/gtest.h>

#include <string>

namespace marmoset::tls {
namespace {

std::string parsed(std::string_view list) {
    const auto suites = parse_cipher_suites(list);
    if (!suites) return suites.error().text;
    std::string names;
    for (const CipherSuite* suite : *suites)
        names.append(names.empty() ? "" : " ").append(suite->openssl_name);
    return names;
}

TEST(CipherSuite, EitherNameWithoutCase) {
    EXPECT_EQ("ECDHE-RSA-AES128-GCM-SHA256", parsed("ECDHE-RSA-AES128-GCM-SHA256"));
    EXPECT_EQ("ECDHE-RSA-AES128-GCM-SHA256", parsed("tls_ecdhe_rsa_with_aes_128_gcm_sha256"));
    EXPECT_EQ("TLS_AES_128_GCM_SHA256", parsed("TLS_AES_128_GCM_SHA256"));
}

TEST(CipherSuite, ListsKeepTheirOrder) {
    EXPECT_EQ("ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256",
              parsed("ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"));
    EXPECT_EQ("ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256",
              parsed(" ECDHE-RSA-AES256-GCM-SHA384, ECDHE-ECDSA-AES128-GCM-SHA256,"));
    EXPECT_EQ("", parsed(" :, "));
}

TEST(CipherSuite, TwiceIsOnce) {
    EXPECT_EQ("ECDHE-RSA-AES128-GCM-SHA256",
              parsed("ECDHE-RSA-AES128-GCM-SHA256:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
}

TEST(CipherSuite, WhatIsNotSafeIsNotKnown) {
    for (const char* name : {"AES128-SHA", "RC4-MD5", "ECDHE-RSA-NULL-SHA", "ECDHE-RSA-AES128-SHA", "ALL"}) {
        EXPECT_EQ("\"" + std::string(name) + "\" is no cipher suite that is known and safe", parsed(name));
    }
}

TEST(CipherSuite, ByNumber) {
    ASSERT_NE(nullptr, find_cipher_suite(0xc02b));
    EXPECT_STREQ("ECDHE-ECDSA-AES128-GCM-SHA256", find_cipher_suite(0xc02b)->openssl_name);
    EXPECT_EQ(nullptr, find_cipher_suite(0x002f));
}

TEST(CipherSuite, DefaultsHaveForwardSecrecyAndAuthenticatedEncryption) {
    for (const bool with_dhe : {false, true}) {
        bool dhe = false;
        for (const CipherSuite* suite : default_cipher_suites(with_dhe)) {
            const std::string name = suite->name;
            EXPECT_TRUE(name.find("GCM") != std::string::npos || name.find("POLY1305") != std::string::npos);
            EXPECT_TRUE(suite->tls13 || name.find("DHE_") != std::string::npos) << name;
            dhe = dhe || name.starts_with("TLS_DHE_");
        }
        EXPECT_EQ(with_dhe, dhe);
    }
}

}  // namespace
}  // namespace marmoset::tls
