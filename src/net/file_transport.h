// The transport of a character device or a named pipe: read(2) and writev(2), for descriptors that epoll
// knows and that are no sockets. SIGPIPE must be ignored.
#pragma once

#include "base/file_descriptor.h"
#include "net/transport.h"

namespace marmoset::net {

class FileTransport final : public Transport {
  public:
    /// `file` is non-blocking.
    explicit FileTransport(FileDescriptor file) : file_(std::move(file)) {}

    int descriptor() const override { return file_.get(); }
    ssize_t read(MutableBytes into) override;
    ssize_t write(const iovec* pieces, int count, bool more) override;
    /// Not for these: -EINVAL.
    ssize_t send_file(int fd, off_t offset, size_t size) override;
    bool shutdown_write() override { return true; }

  private:
    FileDescriptor file_;
};

}  // namespace marmoset::net
