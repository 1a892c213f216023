// A server's TLS by OpenSSL 3.
#pragma once

#include <memory>

#include "tls/server_context.h"
#include "tls/server_options.h"

namespace marmoset::tls::openssl {

/// Reads the files; null, and `fault`, if anything is wrong with them.
std::shared_ptr<ServerContext> make_server_context(const ServerOptions& options, OptionFault& fault);

}  // namespace marmoset::tls::openssl
