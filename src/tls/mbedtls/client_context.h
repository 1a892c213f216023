// A client's TLS: which authorities it believes. In: a CA file. Out: a Context.
#pragma once

#include <memory>
#include <string>

#include "tls/mbedtls/context.h"

namespace marmoset::tls::mbedtls {

struct ClientOptions {
    std::string ca_file;    ///< PEM; empty: the system's bundle
    bool insecure = false;  ///< any certificate is taken
};

/// TLS 1.2 or later, ALPN "http/1.1". Reads and parses files: not for the loop's thread. An error tells the
/// file.
Result<std::shared_ptr<const Context>> make_client_context(const ClientOptions& options);

}  // namespace marmoset::tls::mbedtls
