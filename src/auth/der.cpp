#include "auth/der.h"

#include <mbedtls/asn1.h>

namespace marmoset::auth {

namespace {

constexpr char kInteger = 0x02, kBitString = 0x03, kSequence = 0x30;

// AlgorithmIdentifiers: rsaEncryption with NULL; id-ecPublicKey with prime256v1.
constexpr std::string_view kRsaAlgorithm("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 15);
constexpr std::string_view kP256Algorithm(
    "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 21);

std::string element(char tag, std::string_view content) {
    std::string der(1, tag);
    const size_t size = content.size();
    if (size < 0x80) {
        der += static_cast<char>(size);
    } else {
        std::string length;
        for (size_t rest = size; rest > 0; rest >>= 8)
            length.insert(length.begin(), static_cast<char>(rest & 0xff));
        der += static_cast<char>(0x80 | length.size());
        der += length;
    }
    return der.append(content);
}

std::string_view without_zeros(std::string_view number) {
    while (!number.empty() && number.front() == '\0')
        number.remove_prefix(1);
    return number;
}

// Positive: with a zero in front where the first bit is set, and for zero itself.
std::string integer(std::string_view number) {
    number = without_zeros(number);
    const bool sign = number.empty() || (static_cast<unsigned char>(number.front()) & 0x80) != 0;
    return element(kInteger, std::string(sign ? 1 : 0, '\0').append(number));
}

std::string public_key(std::string_view algorithm, std::string_view key) {
    const std::string bits = element(kBitString, std::string(1, '\0').append(key));
    return element(kSequence, std::string(algorithm).append(bits));
}

}  // namespace

std::string rsa_public_key_der(std::string_view modulus, std::string_view exponent) {
    return public_key(kRsaAlgorithm, element(kSequence, integer(modulus) + integer(exponent)));
}

std::string p256_public_key_der(std::string_view x, std::string_view y) {
    return public_key(kP256Algorithm, std::string("\x04").append(x).append(y));  // uncompressed
}

bool is_p256_public_key(std::string_view der) {
    return der.size() == 91 && der.substr(2).starts_with(kP256Algorithm);
}

std::string ecdsa_signature_der(std::string_view raw64) {
    return element(kSequence, integer(raw64.substr(0, 32)) + integer(raw64.substr(32)));
}

std::optional<std::string> ecdsa_signature_raw(std::string_view der) {
    // mbedTLS reads through pointers that are not const; it writes nothing.
    auto* at = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(der.data()));
    const unsigned char* const end = at + der.size();
    size_t size = 0;
    if (mbedtls_asn1_get_tag(&at, end, &size, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0 ||
        at + size != end)
        return std::nullopt;
    std::string raw;
    for (int part = 0; part < 2; ++part) {
        if (mbedtls_asn1_get_tag(&at, end, &size, MBEDTLS_ASN1_INTEGER) != 0) return std::nullopt;
        const std::string_view number = without_zeros({reinterpret_cast<const char*>(at), size});
        if (number.size() > 32) return std::nullopt;
        raw.append(32 - number.size(), '\0').append(number);
        at += size;
    }
    if (at != end) return std::nullopt;
    return raw;
}

}  // namespace marmoset::auth
