// The plain transport: a connected stream socket, TCP or UNIX.
#pragma once

#include "base/file_descriptor.h"
#include "net/transport.h"

namespace marmoset::net {

class SocketTransport final : public Transport {
  public:
    explicit SocketTransport(FileDescriptor socket) : socket_(std::move(socket)) {}

    int descriptor() const override { return socket_.get(); }
    ssize_t read(MutableBytes into) override;
    ssize_t write(const iovec* pieces, int count, bool more) override;
    ssize_t send_file(int fd, off_t offset, size_t size) override;
    bool shutdown_write() override;

  private:
    FileDescriptor socket_;
};

}  // namespace marmoset::net
