// mbedTLS's numbers as text. In: a negative return value. Out: one line for people.
#pragma once

#include <string>

namespace marmoset::tls::mbedtls {

/// "SSL - The connection was closed (-0x7280)" without mbedTLS's own prefixes.
std::string error_text(int code);

/// What a failed certificate check found, from mbedtls_ssl_get_verify_result(): reasons joined with "; ".
std::string verify_text(unsigned flags);

}  // namespace marmoset::tls::mbedtls
