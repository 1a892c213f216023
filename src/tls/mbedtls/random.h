// Random bytes as mbedTLS asks for them.
#pragma once

#include <cstddef>

namespace marmoset::tls::mbedtls {

/// The kernel's generator, in the form of mbedtls_ssl_conf_rng's callback; `context` is not used. Any thread.
int random_bytes(void* context, unsigned char* out, size_t size);

}  // namespace marmoset::tls::mbedtls
