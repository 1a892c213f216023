// Which file -L means. In: what the command line says. Out: a path for dlopen().
#pragma once

#include <string>
#include <vector>

namespace jsonrpc {

/// `values`: those of -L, in their order. The last one names the library: a file, with or without «.so»; or,
/// without a slash, a name that is looked for in the folders that the others name, then in `folder` (where
/// ours are installed), then where the dynamic linker looks. Relative paths are made absolute: a daemon works
/// in /.
std::string find_library(const std::vector<std::string>& values, const std::string& folder);

}  // namespace jsonrpc
