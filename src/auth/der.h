// The few structures of DER (X.690) that keys and signatures are exchanged in. In: numbers as big-endian
// bytes. Out: DER, and back. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace marmoset::auth {

/// SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of an RSA key (RFC 8017 A.1.1).
std::string rsa_public_key_der(std::string_view modulus, std::string_view exponent);
/// … of a point on P-256; x and y have 32 bytes each.
std::string p256_public_key_der(std::string_view x, std::string_view y);
/// True for a SubjectPublicKeyInfo of P-256, and no other curve.
bool is_p256_public_key(std::string_view der);

/// RFC 7518 3.4 has R and S as 32 bytes each; libraries have them as Ecdsa-Sig-Value (RFC 3279 2.2.3).
std::string ecdsa_signature_der(std::string_view raw64);
/// nullopt: not such a structure, or its numbers don't fit.
std::optional<std::string> ecdsa_signature_raw(std::string_view der);

}  // namespace marmoset::auth
