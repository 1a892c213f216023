// A worker process's end of the socket to its server.
#include "worker_channel.h"

#include <sys/socket.h>

#include <cerrno>

namespace jsonrpc {

namespace {

constexpr size_t kReadSize = 65536;

}  // namespace

void WorkerChannel::send(const Frame& frame) {
    std::string bytes;
    append_frame(bytes, frame);
    const std::lock_guard lock(sending_);
    size_t sent = 0;
    while (!lost_ && sent < bytes.size()) {
        const ssize_t size = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (size >= 0) {
            sent += static_cast<size_t>(size);
        } else if (errno != EINTR) {
            lost_ = true;
        }
    }
}

bool WorkerChannel::receive(FrameReader& reader) {
    ssize_t size;
    do {
        size = recv(socket_.get(), reader.space(kReadSize), kReadSize, 0);
    } while (size < 0 && errno == EINTR);
    if (size <= 0) return false;
    reader.taken(static_cast<size_t>(size));
    return true;
}

}  // namespace jsonrpc
