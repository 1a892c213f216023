// The file of --ports-file: one bound address a line, for scripts that start a server on a free port.
#pragma once

#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "server/sockets.h"

namespace marmoset::server {

/// Its folder is opened at once, so that a chroot in between does not matter.
class PortsFile {
  public:
    /// `path` empty: no file is wanted. A stale file is removed: until write() there is none.
    static Result<PortsFile> open(const std::string& path);
    /// Writes it as a whole: readers never see half of it.
    Result<void> write(const SocketList& list);
    /// The addresses are no longer served.
    void remove();

  private:
    FileDescriptor folder_;
    std::string name_;
};

}  // namespace marmoset::server
