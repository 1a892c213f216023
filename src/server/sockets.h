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

/// The file of --ports-file: one bound address a line. Its folder is opened at once, so that a chroot in
/// between does not matter.
class PortsFile {
  public:
    /// `path` empty: no file is wanted. A stale file is removed: until write() there is none.
    static Result<PortsFile> open(const std::string& path);
    /// Writes it as a whole: readers never see half of it.
    Result<void> write(const std::vector<SiteSockets>& sites);
    /// The addresses are no longer served.
    void remove();

  private:
    FileDescriptor folder_;
    std::string name_;
};

}  // namespace marmoset::server
