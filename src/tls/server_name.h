// Names of certificates against the name a client asks for (SNI). Strings in, verdict out.
#pragma once

#include <string_view>

namespace marmoset::tls {

/// Whether a certificate for `pattern` serves `name`: equal without case, or "*.example.org" for exactly one
/// further label in front (RFC 6125 6.4.3). A dot at the end of `name` does not count.
bool server_name_matches(std::string_view pattern, std::string_view name);

}  // namespace marmoset::tls
