// Message digests of mbedTLS 2.28 and 3.x behind one spelling. In: bytes. Out: the digest.
#pragma once

#include <array>

#include "base/bytes.h"

namespace marmoset {

/// SHA-1 (FIPS 180-4). Only where a protocol prescribes it: RFC 6455 4.2.2, no secret depends on it.
std::array<uint8_t, 20> sha1(Bytes data);

}  // namespace marmoset
