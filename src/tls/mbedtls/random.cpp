#include "tls/mbedtls/random.h"

#include <mbedtls/entropy.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>

namespace marmoset::tls::mbedtls {

int random_bytes(void*, unsigned char* out, size_t size) {
    while (size > 0) {
        // Up to 256 bytes are never interrupted and never short.
        const ssize_t count = getrandom(out, std::min<size_t>(size, 256), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
        out += count;
        size -= static_cast<size_t>(count);
    }
    return 0;
}

}  // namespace marmoset::tls::mbedtls
