#include "tls/mbedtls/error.h"

#include <mbedtls/error.h>
#include <mbedtls/x509_crt.h>

#include <cstdio>

namespace marmoset::tls::mbedtls {

std::string error_text(int code) {
    char text[256] = "";
    mbedtls_strerror(code, text, sizeof text);
    char number[16];
    std::snprintf(number, sizeof number, " (-0x%04x)", static_cast<unsigned>(-code));
    std::string line(text);
    // "MODULE - what happened".
    const size_t dash = line.find(" - ");
    if (dash != std::string::npos) line.erase(0, dash + 3);
    return line + number;
}

std::string verify_text(unsigned flags) {
    char text[1024] = "";
    const int size = mbedtls_x509_crt_verify_info(text, sizeof text, "", flags);
    std::string joined;
    for (int i = 0; i < size; ++i) {
        if (text[i] != '\n') {
            joined += text[i];
        } else if (i + 1 < size) {
            joined += "; ";
        }
    }
    return joined.empty() ? "the certificate is not valid" : joined;
}

}  // namespace marmoset::tls::mbedtls
