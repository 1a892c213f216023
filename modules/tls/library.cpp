#include "library.h"

#include "base/text.h"
#include "tls/mbedtls/server_context.h"
#ifdef MARMOSET_HAVE_OPENSSL
#include "tls/openssl/server_context.h"
#endif

namespace marmoset::tls_module {

MakeServerContext find_library(std::string_view name) {
    if (equal_caseless(name, "mbedtls")) return tls::mbedtls::make_server_context;
#ifdef MARMOSET_HAVE_OPENSSL
    if (equal_caseless(name, "openssl")) return tls::openssl::make_server_context;
#endif
    return nullptr;
}

}  // namespace marmoset::tls_module
