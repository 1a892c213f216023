// Base64 by mbedTLS, into a string of exactly the right size.
#include "base/base64.h"

#include <mbedtls/base64.h>

#include <cstdlib>

namespace marmoset {

std::string base64_encode(Bytes data) {
    std::string text((data.size() + 2) / 3 * 4, '\0');
    if (text.empty()) return text;
    // mbedTLS ends its output with a NUL, which lands on the string's own terminator.
    size_t written = 0;
    const int error = mbedtls_base64_encode(reinterpret_cast<unsigned char*>(text.data()), text.size() + 1,
                                            &written, data.data(), data.size());
    if (error != 0 || written != text.size()) std::abort();
    return text;
}

}  // namespace marmoset
