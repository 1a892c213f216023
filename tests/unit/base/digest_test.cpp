// Digests, HMAC, Base32 and Base64 against the examples of their standards.
#include "base/digest.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base32.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/secret.h"

namespace marmoset {
namespace {

std::string hex(Bytes bytes) {
    return hex_encode(bytes);
}

TEST(Digest, Sha1OfThePublishedExamples) {  // RFC 3174 7.3
    EXPECT_EQ(hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex(sha1(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
              "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    EXPECT_EQ(hex(sha1({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

std::string hex_of(DigestAlgorithm algorithm, std::initializer_list<std::string_view> parts) {
    const std::string raw = digest(algorithm, parts);
    EXPECT_EQ(raw.size(), digest_size(algorithm));
    return hex_encode(raw);
}

TEST(Digest, AllAlgorithmsOfThePublishedExamples) {  // RFC 1321 A.5; FIPS 180-4's examples of «abc»
    EXPECT_EQ(hex_of(DigestAlgorithm::Md5, {"abc"}), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hex_of(DigestAlgorithm::Sha1, {"abc"}), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex_of(DigestAlgorithm::Sha256, {"abc"}),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_of(DigestAlgorithm::Sha512, {"abc"}),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    EXPECT_EQ(hex_of(DigestAlgorithm::Sha512_256, {"abc"}),
              "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
}

TEST(Digest, Sha512_256OfTwoBlocks) {
    EXPECT_EQ(hex_of(DigestAlgorithm::Sha512_256,
                     {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                      "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"}),
              "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a");
    EXPECT_EQ(hex_of(DigestAlgorithm::Sha512_256, {}),
              "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a");
}

TEST(Digest, PartsAreOneText) {
    for (const auto algorithm : {DigestAlgorithm::Md5, DigestAlgorithm::Sha256, DigestAlgorithm::Sha512_256})
        EXPECT_EQ(digest(algorithm, {"user", ":", "", "realm"}), digest(algorithm, {"user:realm"}));
}

TEST(Hmac, OfThePublishedExamples) {  // RFC 2202 3, RFC 4231 4.3 and 4.7
    EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::Sha1, "Jefe", {"what do ya want ", "for nothing?"})),
              "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::Sha256, "Jefe", {"what do ya want for nothing?"})),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::Sha512, "Jefe", {"what do ya want for nothing?"})),
              "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
              "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::Sha256, std::string(131, '\xaa'),
                              {"Test Using Larger Than Block-Size Key - Hash Key First"})),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Random, IsNeverTheSame) {
    uint8_t one[600] = {}, other[600] = {};
    random_bytes(one);
    random_bytes(other);
    EXPECT_NE(0, std::memcmp(one, other, sizeof one));
    EXPECT_NE(0, std::memcmp(one + 568, other + 568, 32));  // the end of a request in several pieces
}

TEST(Secret, IsOverwritten) {
    std::string text = "correct horse battery staple, long enough for the heap";
    const char* const where = text.data();
    const size_t size = text.size();
    wipe(text);
    EXPECT_TRUE(text.empty());
    EXPECT_EQ(std::string(size, '\0'), std::string(where, size));  // clear() keeps the memory
}

TEST(Base32, OfThePublishedExamples) {  // RFC 4648 10
    const std::pair<const char*, const char*> rows[] = {
        {"", ""},
        {"f", "MY"},
        {"fo", "MZXQ"},
        {"foo", "MZXW6"},
        {"foob", "MZXW6YQ"},
        {"fooba", "MZXW6YTB"},
        {"foobar", "MZXW6YTBOI"},
    };
    for (const auto& [plain, encoded] : rows) {
        EXPECT_EQ(base32_encode(as_bytes(plain)), encoded);
        EXPECT_EQ(base32_decode(encoded), plain);
    }
    EXPECT_EQ(base32_decode("MZXW6YTBOI======"), "foobar");
    EXPECT_EQ(base32_decode("mzxw 6ytb-oi"), "foobar");
    for (const char* wrong : {"M", "MZX", "MZXW6Y", "MZXW6YT1", "MZ=XQ", "MZXQ!"})
        EXPECT_FALSE(base32_decode(wrong)) << wrong;
}

TEST(Base64, DecodesThePublishedExamples) {  // RFC 4648 10
    const std::pair<const char*, const char*> rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [plain, encoded] : rows) {
        EXPECT_EQ(base64_decode(encoded), plain);
        std::string bare = encoded;
        bare.erase(std::min(bare.find('='), bare.size()));
        EXPECT_EQ(base64url_encode(as_bytes(plain)), bare);
        EXPECT_EQ(base64url_decode(bare), plain);
    }
    EXPECT_EQ(base64_decode("+/+/"), "\xfb\xff\xbf");
    EXPECT_EQ(base64url_decode("-_-_"), "\xfb\xff\xbf");
}

TEST(Base64, HasOneTextForEachContent) {
    for (const char* wrong :
         {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "Zm 9", "Zm9v\n", "=Zg=", "====", "-_-_", "Zm8=Zm8="})
        EXPECT_FALSE(base64_decode(wrong)) << wrong;
    for (const char* wrong : {"Zg==", "Zh", "Zm9", "Z", "+/+/", "Zm9v "})
        EXPECT_FALSE(base64url_decode(wrong)) << wrong;
}

TEST(Base64, EncodesThePublishedExamples) {  // RFC 4648 10
    EXPECT_EQ(base64_encode({}), "");
    EXPECT_EQ(base64_encode(as_bytes("f")), "Zg==");
    EXPECT_EQ(base64_encode(as_bytes("fo")), "Zm8=");
    EXPECT_EQ(base64_encode(as_bytes("foo")), "Zm9v");
    EXPECT_EQ(base64_encode(as_bytes("foob")), "Zm9vYg==");
    EXPECT_EQ(base64_encode(as_bytes("fooba")), "Zm9vYmE=");
    EXPECT_EQ(base64_encode(as_bytes("foobar")), "Zm9vYmFy");
}

TEST(Base64, UsesTheStandardAlphabet) {
    // The 64 six-bit values in turn.
    std::string bytes;
    for (unsigned group = 0; group < 64; group += 4) {
        const unsigned bits = group << 18 | (group + 1) << 12 | (group + 2) << 6 | (group + 3);
        bytes += {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
    }
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    EXPECT_EQ(base64_encode(as_bytes(bytes)), alphabet);
    for (int c = -128; c < 128; ++c) {
        const bool expected = alphabet.find(static_cast<char>(c)) != std::string::npos;
        EXPECT_EQ(is_base64_character(static_cast<char>(c)), expected) << c;
    }
}

}  // namespace
}  // namespace marmoset
