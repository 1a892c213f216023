// SHA-1 and Base64 against the examples of their standards.
#include "base/digest.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"

namespace marmoset {
namespace {

std::string hex(Bytes bytes) {
    std::string text;
    for (uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

TEST(Digest, Sha1OfThePublishedExamples) {  // RFC 3174 7.3
    EXPECT_EQ(hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex(sha1(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
              "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    EXPECT_EQ(hex(sha1({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
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
