// A server's TLS as the rest of the server sees it, whichever library does it. Implemented in mbedtls/ and in
// openssl/.
#pragma once

#include <memory>

#include "net/transport.h"

namespace marmoset::tls {

/// Made before the workers are forked, with the keys in it; not changed any more. Outlives its transports.
class ServerContext {
  public:
    virtual ~ServerContext() = default;
    /// TLS on an accepted connection.
    virtual std::unique_ptr<net::Transport> accept(std::unique_ptr<net::Transport> inner) const = 0;
};

}  // namespace marmoset::tls
