// The only file that knows how the two mbedTLS generations spell their digests.
#include "base/digest.h"

#include <mbedtls/sha1.h>
#include <mbedtls/version.h>

#include <cstdlib>

namespace marmoset {

std::array<uint8_t, 20> sha1(Bytes data) {
    std::array<uint8_t, 20> digest;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    const int error = mbedtls_sha1(data.data(), data.size(), digest.data());
#else
    const int error = mbedtls_sha1_ret(data.data(), data.size(), digest.data());
#endif
    // The software implementation cannot fail; going on with an unset digest would be worse than stopping.
    if (error != 0) std::abort();
    return digest;
}

}  // namespace marmoset
