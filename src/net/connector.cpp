#include "net/connector.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace marmoset::net {

/// One name being resolved; outlives a connector that gave up.
struct Connector::Lookup {
    uv_getaddrinfo_t request{};
    Connector* connector = nullptr;  // null: it gave up
};

/// One address being tried.
struct Connector::Attempt {
    uv_poll_t poll{};
    FileDescriptor socket;
    Address peer;
    Connector* connector = nullptr;
};

Connector::Connector(Loop& loop, ConnectorObserver& observer, uint64_t timeout_ms)
    : loop_(loop), observer_(observer), timeout_ms_(timeout_ms), found_(nullptr, uv_freeaddrinfo) {}

Connector::~Connector() {
    if (lookup_) {
        lookup_->connector = nullptr;
        uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
    }
    end_attempt();
}

void Connector::connect_tcp(const std::string& host, uint16_t port) {
    peer_ = (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
    lookup_ = new Lookup{{}, this};
    lookup_->request.data = lookup_;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    const int status = uv_getaddrinfo(
        loop_.uv(), &lookup_->request,
        [](uv_getaddrinfo_t* request, int result, addrinfo* found) {
            const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
            if (!lookup->connector) {
                uv_freeaddrinfo(found);
                return;
            }
            lookup->connector->lookup_ = nullptr;
            lookup->connector->on_resolved(result, found);
        },
        host.c_str(), std::to_string(port).c_str(), &hints);
    if (status != 0) {  // no valid host name, or no memory
        delete std::exchange(lookup_, nullptr);
        fail_later({"resolve " + host + ": " + uv_strerror(status), 0});
        return;
    }
    loop_.timers().arm(*this, timeout_ms_);
}

void Connector::connect_unix(const std::string& path) {
    peer_ = path;
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    if (path.size() >= sizeof un.sun_path) {
        fail_later(errno_error("connect", path, ENAMETOOLONG));
        return;
    }
    std::memcpy(un.sun_path, path.data(), path.size());
    attempt(reinterpret_cast<sockaddr*>(&un), sizeof un);
}

void Connector::on_resolved(int status, addrinfo* found) {
    found_.reset(found);
    if (status == UV_ENOMEM || status == UV_EAI_MEMORY) {
        error_ = errno_error("resolve", peer_, ENOMEM);
        fail();
        return;
    }
    if (status != 0) {
        error_ = {"resolve " + peer_ + ": " + uv_strerror(status), 0};
        fail();
        return;
    }
    next_ = found;
    try_next();
}

void Connector::try_next() {
    const addrinfo& candidate = *next_;
    next_ = candidate.ai_next;
    attempt(candidate.ai_addr, candidate.ai_addrlen);
}

// Starts connecting; its outcome is told by the poll handle, or by the timer for what failed at once.
void Connector::attempt(const sockaddr* address, socklen_t size) {
    FileDescriptor socket(::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) {
        fail_later(errno_error("socket for", peer_, errno));
        return;
    }
    const int on = 1;
    if (address->sa_family != AF_UNIX) setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket.get(), address, size) != 0 && errno != EINPROGRESS) {
        fail_later(errno_error("connect", peer_, errno));
        return;
    }
    attempt_ = new Attempt;
    attempt_->peer = Address::from(address, size);
    attempt_->connector = this;
    attempt_->poll.data = attempt_;
    if (const int status = uv_poll_init(loop_.uv(), &attempt_->poll, socket.get()); status != 0) {
        delete std::exchange(attempt_, nullptr);
        fail_later(errno_error("connect", peer_, -status));
        return;
    }
    attempt_->socket = std::move(socket);
    uv_poll_start(&attempt_->poll, UV_WRITABLE, [](uv_poll_t* handle, int status, int) {
        static_cast<Attempt*>(handle->data)->connector->on_poll(status);
    });
    loop_.timers().arm(*this, timeout_ms_);
}

void Connector::on_poll(int status) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(attempt_->socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0 && status < 0) error = -status;
    if (error != 0) {
        next_or_fail(error);
        return;
    }
    FileDescriptor socket = std::move(attempt_->socket);
    const Address peer = attempt_->peer;
    end_attempt();
    observer_.on_connected(std::move(socket), peer);
}

void Connector::end_attempt() {
    loop_.timers().disarm(*this);
    if (!attempt_) return;
    // Stopped while the descriptor is still open: libuv takes it out of its set.
    uv_poll_stop(&attempt_->poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&attempt_->poll),
             [](uv_handle_t* handle) { delete static_cast<Attempt*>(handle->data); });
    attempt_->socket.reset();
    attempt_ = nullptr;
}

void Connector::next_or_fail(int error_number) {
    end_attempt();
    error_ = errno_error("connect", peer_, error_number);
    if (next_) {
        try_next();
    } else {
        fail();
    }
}

// What fails within a call of the owner is told from the loop.
void Connector::fail_later(Error error) {
    error_ = std::move(error);
    failed_ = true;
    loop_.at_turn_end(*this);
}

void Connector::on_turn_end() {
    if (next_) {
        failed_ = false;
        try_next();
    } else if (failed_) {
        fail();
    }
}

void Connector::fail() {
    loop_.timers().disarm(*this);
    const Error error = error_;
    observer_.on_connect_failed(error);
}

void Connector::on_timer() {
    if (lookup_) {
        error_ = errno_error("resolve", peer_, ETIMEDOUT);
        lookup_->connector = nullptr;
        uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
        lookup_ = nullptr;
        fail();
    } else {
        next_or_fail(ETIMEDOUT);
    }
}

}  // namespace marmoset::net
