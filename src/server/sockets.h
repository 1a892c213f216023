// The listening sockets of all sites, bound by the supervisor and inherited by every worker.
#pragma once

#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "server/settings.h"

namespace marmoset::server {

/// Of one site: one socket a worker, or a single one that all share (UNIX, or one worker).
struct SiteSockets {
    std::vector<FileDescriptor> sockets;
    std::string address;    ///< as bound: "0.0.0.0:8080"
    std::string unix_path;  ///< to unlink at the end
};

/// Binds all sites; the first failure as "file:line: bind …".
Result<std::vector<SiteSockets>> bind_sites(Settings& settings);

/// Removes UNIX socket files.
void remove_socket_files(const std::vector<SiteSockets>& sites);

/// Writes one bound address a line to `path` (--ports-file), as a whole: readers never see half of it.
Result<void> write_ports_file(const std::string& path, const std::vector<SiteSockets>& sites);

}  // namespace marmoset::server
