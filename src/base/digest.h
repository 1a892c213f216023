// Message digests of mbedTLS 2.28 and 3.x behind one spelling. In: bytes. Out: the digest.
#pragma once

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace marmoset {

/// SHA-1 (FIPS 180-4). Only where a protocol prescribes it: RFC 6455 4.2.2, no secret depends on it.
std::array<uint8_t, 20> sha1(Bytes data);

/// Those that protocols of ours name. MD5 only where they prescribe it (RFC 7616, ouistiti's password files).
enum class DigestAlgorithm : uint8_t { Md5, Sha1, Sha256, Sha512, Sha512_256 };

/// Bytes of a digest: 16 … 64.
size_t digest_size(DigestAlgorithm algorithm);

/// Digest of the parts one behind the other: raw bytes.
std::string digest(DigestAlgorithm algorithm, std::initializer_list<std::string_view> parts);

/// RFC 2104 with the parts one behind the other as message: raw bytes.
std::string hmac(DigestAlgorithm algorithm, std::string_view key,
                 std::initializer_list<std::string_view> parts);

}  // namespace marmoset
