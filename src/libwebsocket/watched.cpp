// Watched descriptors: uv_poll, errors as readable and writable, for a read or a write tells which error it
// is.
#include "libwebsocket/watched.h"

#include "libwebsocket/websocket_server.h"

namespace marmoset::libwebsocket {

using websocket_server::Server;
static_assert(Server::kReadable == UV_READABLE && Server::kWritable == UV_WRITABLE);

Watched::Watched(net::Loop& loop, int descriptor, unsigned events, std::function<void(unsigned)> ready)
    : poll_(new Poll{{}, std::move(ready)}) {
    uv_poll_init(loop.uv(), &poll_->handle, descriptor);
    poll_->handle.data = poll_;
    uv_poll_start(&poll_->handle, static_cast<int>(events), [](uv_poll_t* handle, int status, int found) {
        constexpr unsigned kBoth = Server::kReadable | Server::kWritable;
        // The poll lives on when `ready` ends the object: its handle is closed later.
        static_cast<Poll*>(handle->data)->ready(status < 0 ? kBoth : static_cast<unsigned>(found));
    });
}

Watched::~Watched() {
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_->handle),
             [](uv_handle_t* handle) { delete static_cast<Poll*>(handle->data); });
}

}  // namespace marmoset::libwebsocket
