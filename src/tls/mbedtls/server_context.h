// A server's TLS by mbedTLS.
#pragma once

#include <memory>

#include "tls/server_context.h"
#include "tls/server_options.h"

namespace marmoset::tls::mbedtls {

/// Reads the files; null, and `fault`, if anything is wrong with them or the library can't do what is asked.
std::shared_ptr<ServerContext> make_server_context(const ServerOptions& options, OptionFault& fault);

}  // namespace marmoset::tls::mbedtls
