// Files of certificates and keys. In: a path. Out: what is in it; its reading tells why it can't be read.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace marmoset::tls {

/// The whole file, at most 1 MiB. Errors: "PATH: No such file or directory".
Result<std::string> read_server_file(const std::string& path);

/// PEM, else it is taken for DER.
bool is_pem(std::string_view content);

}  // namespace marmoset::tls
