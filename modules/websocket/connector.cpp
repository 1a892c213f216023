#include "connector.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "link/channel.h"

namespace marmoset::websocket_module {

namespace {

constexpr uint64_t kRetryMs = 100;     // a full backlog: until the next try
constexpr size_t kMostAddresses = 16;  // of one host name

}  // namespace

/// A name being looked up in the thread pool. A lookup can't be stopped once it has begun: then nobody waits
/// for it.
struct Connector::Lookup {
    uv_getaddrinfo_t request;
    Connector* connector;  // nullptr: gone
};

/// One address being connected to.
struct Connector::Attempt {
    uv_poll_t poll;
    FileDescriptor socket;
    Connector* connector;
};

Connector::Connector(net::Loop& loop, Place place, int type, uint64_t timeout_ms, Owner& owner)
    : loop_(loop), owner_(owner), place_(std::move(place)), type_(type), deadline_(loop.now() + timeout_ms) {}

Connector::~Connector() {
    if (lookup_) {
        lookup_->connector = nullptr;
        uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
    }
    drop_attempt();
}

Result<FileDescriptor> Connector::start() {
    if (place_.kind == Place::Kind::Unix) {
        auto socket = connect_local();
        if (socket || socket.error().code != EAGAIN) return socket;
        loop_.timers().arm(*this, kRetryMs);
        return FileDescriptor();
    }
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    lookup_ = new Lookup{{}, this};
    lookup_->request.data = lookup_;
    const int status = uv_getaddrinfo(
        loop_.uv(), &lookup_->request,
        [](uv_getaddrinfo_t* request, int result, addrinfo* found) {
            const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
            if (lookup->connector) {
                lookup->connector->lookup_ = nullptr;
                lookup->connector->on_looked_up(result, found);
            }
            uv_freeaddrinfo(found);
        },
        place_.host.c_str(), place_.port.c_str(), &hints);
    if (status != 0) {
        delete lookup_;
        lookup_ = nullptr;
        return Error{"look up " + place_.host + ": " + uv_strerror(status), -status};
    }
    loop_.timers().arm(*this, deadline_ - loop_.now());
    return FileDescriptor();
}

Result<FileDescriptor> Connector::connect_local() {
    return link::connect_unix(place_.directory, place_.path, type_);
}

void Connector::on_timer() {
    if (place_.kind != Place::Kind::Unix) {
        fail(ETIMEDOUT);
        return;
    }
    auto socket = connect_local();
    if (socket) {
        owner_.on_connected(socket.take(), {});
    } else if (socket.error().code == EAGAIN && loop_.now() < deadline_) {
        loop_.timers().arm(*this, kRetryMs);
    } else if (socket.error().code == EAGAIN) {
        owner_.on_connect_failed({"connect " + place_.name + ": its backlog stays full", EAGAIN});
    } else {
        owner_.on_connect_failed(socket.error());
    }
}

void Connector::on_looked_up(int status, const addrinfo* found) {
    if (status != 0) {
        owner_.on_connect_failed({"look up " + place_.host + ": " + uv_strerror(status), -status});
        return;
    }
    for (; found && addresses_.size() < kMostAddresses; found = found->ai_next) {
        SocketAddress& address = addresses_.emplace_back();
        std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
        address.size = found->ai_addrlen;
    }
    std::reverse(addresses_.begin(), addresses_.end());
    try_next();
}

void Connector::try_next() {
    drop_attempt();
    while (!addresses_.empty()) {
        const SocketAddress address = addresses_.back();
        addresses_.pop_back();
        const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
        FileDescriptor socket(::socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!socket || (connect(socket.get(), where, address.size) != 0 && errno != EINPROGRESS)) {
            last_error_ = errno;
            continue;
        }
        const int yes = 1;
        setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &yes,
                   sizeof yes);  // a host that vanished is noticed
        auto attempt = std::make_unique<Attempt>(Attempt{{}, std::move(socket), this});
        const int status = uv_poll_init(loop_.uv(), &attempt->poll, attempt->socket.get());
        if (status != 0) {
            last_error_ = -status;
            continue;
        }
        peer_ = net::Address::from(where, address.size);
        attempt_ = attempt.release();
        attempt_->poll.data = attempt_;
        uv_poll_start(&attempt_->poll, UV_WRITABLE, [](uv_poll_t* poll, int, int) {
            static_cast<Attempt*>(poll->data)->connector->on_writable();
        });
        return;
    }
    fail(last_error_ != 0 ? last_error_ : EADDRNOTAVAIL);
}

void Connector::on_writable() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(attempt_->socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        last_error_ = error;
        try_next();
        return;
    }
    FileDescriptor socket = std::move(attempt_->socket);
    drop_attempt();  // its handle no longer watches the descriptor
    loop_.timers().disarm(*this);
    const net::Address peer = peer_;  // the connector may go in the call
    owner_.on_connected(std::move(socket), peer);
}

void Connector::drop_attempt() {
    if (!attempt_) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&attempt_->poll),
             [](uv_handle_t* handle) { delete static_cast<Attempt*>(handle->data); });
    attempt_ = nullptr;
}

void Connector::fail(int error_number) {
    loop_.timers().disarm(*this);
    drop_attempt();
    owner_.on_connect_failed(errno_error("connect", place_.name, error_number));
}

}  // namespace marmoset::websocket_module
