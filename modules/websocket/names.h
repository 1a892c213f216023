// From a request's path to a system server's socket, beneath the docroot only. In: a decoded path. Out: the
// socket's name and what follows it.
#pragma once

#include <string>
#include <string_view>

namespace marmoset::websocket_module {

struct Name {
    std::string name;       ///< relative to the docroot: "echo", "lab/echo"; empty: no such socket
    std::string path_info;  ///< "" or "/..."
};

/// The longest prefix of `path` ("/lab/echo/room") that is a socket. Symbolic links are refused anywhere in
/// it (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS; component by component where the kernel has no
/// openat2).
Name find_socket(int docroot_fd, std::string_view path);

/// For the log line of a connect() that was refused with EACCES: " (docroot/name is 0660 root:ws; this worker
/// is uid 33, groups 33 44)".
std::string describe_access(const std::string& docroot, int docroot_fd, const std::string& name);

}  // namespace marmoset::websocket_module
