// A worker process's end of the socket to its server. In: frames of any thread; bytes of the socket. Out:
// each frame whole, in the order of send(); frames of the server.
#pragma once

#include <mutex>

#include "base/file_descriptor.h"
#include "frame.h"

namespace jsonrpc {

class WorkerChannel {
  public:
    explicit WorkerChannel(marmoset::FileDescriptor socket) : socket_(std::move(socket)) {}

    /// By any thread. Blocks while the server does not read: what libraries produce is bounded by that. When
    /// the server has gone the frame is dropped.
    void send(const Frame& frame);
    /// Blocks for the server's next bytes. False: it has gone.
    bool receive(FrameReader& reader);

  private:
    marmoset::FileDescriptor socket_;
    std::mutex sending_;  // guards the way out
    bool lost_ = false;
};

}  // namespace jsonrpc
