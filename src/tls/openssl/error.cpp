#include "tls/openssl/error.h"

#include <openssl/err.h>

namespace marmoset::tls::openssl {

std::string take_error(const char* otherwise) {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return otherwise;
    const char* const reason = ERR_reason_error_string(code);
    if (reason) return reason;
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    return text;
}

}  // namespace marmoset::tls::openssl
