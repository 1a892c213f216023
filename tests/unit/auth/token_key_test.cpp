// Keys: one algorithm each, from PEM and JWK sets; what is no key for us.
#include "auth/token_key.h"

#include <gtest/gtest.h>

#include <thread>

#include "auth/der.h"
#include "tests/unit/auth/keys.h"

namespace marmoset::auth {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const size_t at = text.find(from);
    EXPECT_NE(std::string::npos, at) << from;
    return text.replace(at, from.size(), to);
}

size_t keys_in(const std::string& json) {
    const auto set = TokenKeySet::parse(json);
    return set ? set->size() : 0;
}

TEST(TokenKey, FromPem) {
    const struct {
        const char* pem;
        TokenAlgorithm algorithm;
        bool signs;
    } rows[] = {
        {test::kRsaPrivate, TokenAlgorithm::Rs256, true},
        {test::kRsaPublic, TokenAlgorithm::Rs256, false},
        {test::kEcPrivate, TokenAlgorithm::Es256, true},
        {test::kEcPrivateSec1, TokenAlgorithm::Es256, true},
        {test::kEcPublic, TokenAlgorithm::Es256, false},
        {test::kEcCertificate, TokenAlgorithm::Es256, false},
    };
    for (const auto& row : rows) {
        const auto key = TokenKey::from_pem(row.pem, "id");
        ASSERT_TRUE(key) << key.error().text << "\n" << row.pem;
        EXPECT_EQ(row.algorithm, (*key)->algorithm());
        EXPECT_EQ(row.signs, (*key)->can_sign());
        EXPECT_EQ(row.signs, static_cast<bool>((*key)->sign("text")));
        EXPECT_EQ("id", (*key)->id());
        EXPECT_FALSE((*key)->is_weak());
    }
}

TEST(TokenKey, SignsForItsPublicHalf) {
    const std::pair<const char*, const char*> rows[] = {{test::kRsaPrivate, test::kRsaPublic},
                                                        {test::kEcPrivate, test::kEcPublic},
                                                        {test::kEcPrivate, test::kEcCertificate}};
    for (const auto& [secret, open] : rows) {
        const auto signer = TokenKey::from_pem(secret), verifier = TokenKey::from_pem(open);
        for (int i = 0; i < 20; ++i) {  // ECDSA's numbers differ in length each time
            const std::string text = "text " + std::to_string(i);
            const auto signature = (*signer)->sign(text);
            ASSERT_TRUE(signature);
            EXPECT_EQ((*signer)->algorithm() == TokenAlgorithm::Es256 ? 64u : 256u, signature->size());
            EXPECT_TRUE((*verifier)->verify(text, *signature));
            EXPECT_FALSE((*verifier)->verify(text + " ", *signature));
            EXPECT_FALSE((*verifier)->verify(text, signature->substr(1)));
            EXPECT_FALSE((*verifier)->verify(text, *signature + '\0'));
            EXPECT_FALSE((*verifier)->verify(text, ""));
        }
    }
}

TEST(TokenKey, EcdsaZeroesAreNoSignature) {  // R = S = 0: CVE-2022-21449 in another library
    const auto key = TokenKey::from_pem(test::kEcPublic);
    EXPECT_FALSE((*key)->verify("text", std::string(64, '\0')));
    EXPECT_FALSE((*key)->verify("text", std::string(64, '\xff')));
}

TEST(TokenKey, WhatIsNoKey) {
    for (const char* pem : {"", "text", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                            test::kSmallRsaPublic, test::kSecp256k1Public, test::kSecp384r1Public})
        EXPECT_FALSE(TokenKey::from_pem(pem)) << pem;
    EXPECT_FALSE(TokenKey::shared_secret(""));
}

TEST(TokenKey, SharedSecretsAreWeakWhenShort) {
    EXPECT_TRUE((*TokenKey::shared_secret(std::string(31, 'x')))->is_weak());
    EXPECT_FALSE((*TokenKey::shared_secret(std::string(32, 'x')))->is_weak());
}

TEST(TokenKey, ServesSeveralThreads) {
    const auto signer = *TokenKey::from_pem(test::kRsaPrivate);
    const auto verifier = *TokenKey::from_pem(test::kRsaPublic);
    int right[4] = {};
    std::vector<std::thread> threads;
    for (int& count : right) {
        threads.emplace_back([&] {
            for (int i = 0; i < 5; ++i) {
                const auto signature = signer->sign("text");
                count += signature && verifier->verify("text", *signature) ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    for (const int count : right)
        EXPECT_EQ(5, count);
}

TEST(TokenKeySet, TakesWhatIsForSignatures) {
    const std::string both = test::kPublishedKeys;
    EXPECT_EQ(2u, keys_in(both));
    EXPECT_EQ(2u, keys_in(replaced(both, R"({"kty": "RSA",)",
                                   R"({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",)")));
    EXPECT_EQ(
        2u, keys_in(replaced(both, R"({"kty": "RSA",)", R"({"kty": "RSA", "key_ops": ["sign", "verify"],)")));
    for (const char* member :
         {R"("use": "enc")", R"("alg": "RS512")", R"("alg": "none")", R"("alg": "ES256")",
          R"("alg": "HS256")", R"("key_ops": ["encrypt"])", R"("key_ops": [])", R"("use": 7)"})
        EXPECT_EQ(1u, keys_in(replaced(both, R"({"kty": "RSA",)",
                                       std::string(R"({"kty": "RSA", )") + member + ",")))
            << member;
    EXPECT_EQ(1u, keys_in(replaced(both, R"("P-256")", R"("P-384")")));
    EXPECT_EQ(1u, keys_in(replaced(both, R"("AQAB")", R"("AQ")")));
    EXPECT_EQ(1u, keys_in(replaced(both, R"("AQAB")", R"("AQABAQABAQABAQAB")")));
    EXPECT_EQ(1u, keys_in(replaced(both, "x_FEzRu9", "x_FEzRu8")));  // no point of the curve
    EXPECT_EQ(1u, keys_in(replaced(both, "\"x_FEzRu9", "\"AAx_FEzRu9")));
}

TEST(TokenKeySet, SymmetricAndSmallKeysAreNotTaken) {
    EXPECT_EQ(0u,
              keys_in(R"({"keys": [{"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]})"));
    EXPECT_EQ(0u, keys_in(R"({"keys": [{"kty": "RSA", "n": "sXch", "e": "AQAB"}]})"));
    for (const char* text :
         {"", "[]", "{}", R"({"keys": {}})", R"({"keys": []})", R"({"keys": [7, null, "x", []]})", "{"})
        EXPECT_EQ(0u, keys_in(text)) << text;
    EXPECT_EQ(0u, keys_in(std::string(300000, ' ') + test::kPublishedKeys));
}

TEST(TokenKeySet, HasALimit) {
    std::string text = "{\"keys\": [";
    for (size_t i = 0; i <= TokenKeySet::kMost; ++i) {
        text += i ? "," : "";
        text += R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
    }
    EXPECT_EQ(TokenKeySet::kMost, keys_in(text + "]}"));
}

TEST(Der, SignaturesThereAndBack) {
    for (const std::string& half :
         {std::string(32, '\x7f'), std::string(32, '\x80'), std::string(31, '\0') + "\x01"}) {
        const std::string raw = half + std::string(32, '\x81');
        EXPECT_EQ(raw, ecdsa_signature_raw(ecdsa_signature_der(raw)));
    }
    const std::string der = ecdsa_signature_der(std::string(64, '\x11'));
    EXPECT_FALSE(ecdsa_signature_raw(der + "x"));
    for (size_t size = 0; size < der.size(); ++size)
        EXPECT_FALSE(ecdsa_signature_raw(der.substr(0, size))) << size;
    EXPECT_FALSE(
        ecdsa_signature_raw(std::string("\x30\x26\x02\x21\x01", 5) + std::string(32, 'x') + "\x02\x01\x01"));
}

TEST(TokenAlgorithm, Names) {
    for (const TokenAlgorithm algorithm :
         {TokenAlgorithm::Hs256, TokenAlgorithm::Rs256, TokenAlgorithm::Es256})
        EXPECT_EQ(algorithm, parse_token_algorithm(algorithm_name(algorithm)));
    for (const char* name : {"none", "hs256", "HS256x", "HS25", "", "PS256", "ES384"})
        EXPECT_FALSE(parse_token_algorithm(name)) << name;
}

}  // namespace
}  // namespace marmoset::auth
