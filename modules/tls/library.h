// The libraries of this build that can do TLS. In: a name. Out: what makes a server's context.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tls/server_context.h"
#include "tls/server_options.h"

namespace marmoset::tls_module {

using MakeServerContext = std::shared_ptr<tls::ServerContext> (*)(const tls::ServerOptions&,
                                                                  tls::OptionFault&);

/// nullptr: this build does not have it.
MakeServerContext find_library(std::string_view name);

}  // namespace marmoset::tls_module
