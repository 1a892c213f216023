// RFC 4226 appendix D, RFC 6238 appendix B, windows and replay.
#include "auth/totp.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace marmoset::auth {
namespace {

constexpr std::string_view kKey = "12345678901234567890";
constexpr std::string_view kLongKey = "1234567890123456789012345678901234567890123456789012345678901234";

TEST(Hotp, OfThePublishedExamples) {
    const char* codes[] = {"755224", "287082", "359152", "969429", "338314",
                           "254676", "287922", "162583", "399871", "520489"};
    for (uint64_t counter = 0; counter < 10; ++counter)
        EXPECT_EQ(codes[counter], hotp_code(DigestAlgorithm::Sha1, kKey, counter, 6));
    // The truncation leaves fewer digits than a code has.
    EXPECT_EQ("092555", hotp_code(DigestAlgorithm::Sha1, kKey, 10281, 6));
}

TEST(Totp, OfThePublishedExamples) {
    const struct {
        uint64_t time;
        const char *sha1, *sha256, *sha512;
    } rows[] = {
        {59, "94287082", "46119246", "90693936"},         {1111111109, "07081804", "68084774", "25091201"},
        {1111111111, "14050471", "67062674", "99943326"}, {1234567890, "89005924", "91819424", "93441116"},
        {2000000000, "69279037", "90698825", "38618901"}, {20000000000, "65353130", "77737706", "47863826"},
    };
    for (const auto& row : rows) {
        const TotpSettings settings{DigestAlgorithm::Sha1, 8, 30, 0};
        const uint64_t counter = totp_counter(settings, row.time);
        EXPECT_EQ(row.sha1, hotp_code(DigestAlgorithm::Sha1, kKey, counter, 8));
        EXPECT_EQ(row.sha256, hotp_code(DigestAlgorithm::Sha256, kLongKey.substr(0, 32), counter, 8));
        EXPECT_EQ(row.sha512, hotp_code(DigestAlgorithm::Sha512, kLongKey, counter, 8));
        EXPECT_EQ(counter, verify_totp(settings, kKey, row.sha1, row.time, 0));
    }
}

TEST(Totp, OnePeriodBeforeAndBehind) {
    const TotpSettings settings;
    const uint64_t now = 1111111111;  // 1 s into its period
    const uint64_t counter = totp_counter(settings, now);
    const auto accepted = [&](uint64_t of, uint64_t last_used = 0) {
        return verify_totp(settings, kKey, hotp_code(settings.algorithm, kKey, of, 6), now, last_used);
    };
    EXPECT_EQ(counter - 1, accepted(counter - 1));
    EXPECT_EQ(counter, accepted(counter));
    EXPECT_EQ(counter + 1, accepted(counter + 1));
    EXPECT_FALSE(accepted(counter - 2));
    EXPECT_FALSE(accepted(counter + 2));
    // A code is good once, and none before it afterwards.
    EXPECT_FALSE(accepted(counter, counter));
    EXPECT_FALSE(accepted(counter - 1, counter));
    EXPECT_EQ(counter + 1, accepted(counter + 1, counter));
}

TEST(Totp, WhatPeopleType) {
    const TotpSettings settings;
    EXPECT_TRUE(verify_totp(settings, kKey, "287 082", 59, 0));
    for (const char* wrong :
         {"", "28708", "2870820", "0287082", "28708a", "287083", "                                "})
        EXPECT_FALSE(verify_totp(settings, kKey, wrong, 59, 0)) << wrong;
    EXPECT_FALSE(verify_totp({DigestAlgorithm::Md5, 0, 30, 1}, kKey, "", 59, 0));
    EXPECT_EQ(1u, verify_totp(settings, kKey, "287082", 0, 0));  // the first period has none before it
}

TEST(Totp, OuistitisKeyOfAUser) {  // HMAC-SHA256("secret", "foosecret"), by Python's hmac
    EXPECT_EQ("ecff9185494e227e55164a08b74029d3c78889c041d3b7b6a6d9531bb7a1f0aa",
              hex_encode(totp_user_key("secret", "foo")));
    EXPECT_NE(totp_user_key("secret", "foo"), totp_user_key("secret", "fop"));
}

TEST(Totp, TheUrlIsEncoded) {
    EXPECT_EQ(
        "otpauth://totp/My%20site%3A8080:jane%26issuer%3Dx?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=My%20site%3A8080&algorithm=SHA1&digits=6&period=30",
        totp_url({}, kKey, "jane&issuer=x", "My site:8080"));
    EXPECT_EQ("otpauth://totp/jane?secret=GEZA&algorithm=SHA512&digits=8&period=60",
              totp_url({DigestAlgorithm::Sha512, 8, 60, 1}, "12", "jane", ""));
}

}  // namespace
}  // namespace marmoset::auth
