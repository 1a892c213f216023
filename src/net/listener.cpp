#include "net/listener.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "log/logger.h"

namespace marmoset::net {

namespace {

constexpr int kAcceptsPerWakeup = 64;
constexpr uint64_t kPauseMs = 200;  // without descriptors: until the next try
constexpr int kBacklog = 4096;      // the kernel caps it at net.core.somaxconn

Result<FileDescriptor> open_socket(const ListenAddress& address) {
    FileDescriptor fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return errno_error("socket for", address.text(), errno);
    const int on = 1;
    const int off = 0;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit it: one call here instead of one a client.
    if (address.storage.ss_family != AF_UNIX) setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (address.storage.ss_family == AF_INET6) {
        setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, address.any ? &off : &on, sizeof on);
    }
    return fd;
}

Result<FileDescriptor> bind_tcp(ListenAddress& address, bool reuse_port) {
    auto fd = open_socket(address);
    if (!fd) return fd;
    const int on = 1;
    if (reuse_port) setsockopt(fd->get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd->get(), reinterpret_cast<sockaddr*>(&address.storage), address.size) != 0) {
        return errno_error("bind", address.text(), errno);
    }
    socklen_t size = sizeof address.storage;
    getsockname(fd->get(), reinterpret_cast<sockaddr*>(&address.storage), &size);
    return fd;
}

Result<std::vector<FileDescriptor>> bind_unix(const ListenAddress& address) {
    auto fd = open_socket(address);
    if (!fd) return fd.error();
    struct stat info;
    if (lstat(address.unix_path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) {
        FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const int status =
            connect(probe.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size);
        if (status == 0 || errno == EAGAIN) return errno_error("bind", address.text(), EADDRINUSE);
        if (errno == ECONNREFUSED) unlink(address.unix_path.c_str());
    }
    const mode_t mask = umask(0117);
    const int status = bind(fd->get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size);
    const int bind_error = errno;
    umask(mask);
    if (status != 0) return errno_error("bind", address.text(), bind_error);
    std::vector<FileDescriptor> sockets;
    sockets.push_back(fd.take());
    return sockets;
}

}  // namespace

Result<std::vector<FileDescriptor>> bind_listeners(ListenAddress& address, unsigned count, PortUse use) {
    if (!address.unix_path.empty()) return bind_unix(address);
    if (use == PortUse::Alone) {
        auto probe = bind_tcp(address, false);
        if (!probe && probe.error().code == EAFNOSUPPORT && address.any) {  // a kernel without IPv6
            const uint16_t port = reinterpret_cast<sockaddr_in&>(address.storage).sin_port;
            address = *parse_listen_address("0.0.0.0", ntohs(port));
            probe = bind_tcp(address, false);
        }
        if (!probe) return probe.error();
    }
    // Also a single one: a reload may add more.
    std::vector<FileDescriptor> sockets;
    for (unsigned i = 0; i < count; ++i) {
        auto bound = bind_tcp(address, true);
        if (!bound) return bound.error();
        sockets.push_back(bound.take());
    }
    return sockets;
}

Result<void> listen_on(int socket, const std::string& address) {
    if (listen(socket, kBacklog) != 0) return errno_error("listen", address, errno);
    return {};
}

Listener::Listener(Loop& loop, int socket, OnAccept on_accept)
    : loop_(loop), socket_(socket), on_accept_(std::move(on_accept)) {
    uv_poll_init(loop.uv(), &poll_, socket);
    poll_.data = this;
}

Listener::~Listener() = default;

void Listener::start() {
    if (running_) return;
    running_ = true;
    uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* handle, int status, int) {
        if (status == 0) static_cast<Listener*>(handle->data)->accept_some();
    });
}

void Listener::stop() {
    running_ = false;
    loop_.timers().disarm(*this);
    uv_poll_stop(&poll_);
}

void Listener::close() {
    stop();
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_),
             [](uv_handle_t* handle) { delete static_cast<Listener*>(handle->data); });
}

void Listener::accept_waiting() {
    const bool was_running = running_;
    running_ = true;
    for (int i = 0; i < kBacklog / kAcceptsPerWakeup && accept_some(); ++i) {
    }
    running_ = was_running;
}

// True if more may wait.
bool Listener::accept_some() {
    for (int i = 0; i < kAcceptsPerWakeup && running_; ++i) {
        sockaddr_storage storage;
        socklen_t size = sizeof storage;
        FileDescriptor socket(
            accept4(socket_, reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause(std::strerror(errno));
            return false;  // EAGAIN; a client that left already (ECONNABORTED) is found at the next wake-up
        }
        const bool last = socket.get() >= loop_.client_descriptors();
        const Address peer = Address::from(reinterpret_cast<sockaddr*>(&storage), size);
        on_accept_(std::move(socket), peer);
        if (last && running_) {
            pause("no more descriptors for clients");
            return true;  // what waits at a socket that will be closed is taken all the same
        }
    }
    return running_;
}

// Level-triggered polling would spin: the listener sleeps, connected clients are served on.
void Listener::pause(const char* why) {
    loop_.counters().add(Counter::LimitDescriptors);
    static log::RateLimit limit;
    if (limit.permit(loop_.now())) log::error("accept: {}; new clients wait{}", why, limit.suffix());
    uv_poll_stop(&poll_);
    loop_.timers().arm(*this, kPauseMs);
}

void Listener::on_timer() {
    if (!running_) return;
    // The number that the next client would get. Out of descriptors altogether: accept says why.
    const FileDescriptor next(fcntl(socket_, F_DUPFD_CLOEXEC, 0));
    if (next.get() >= loop_.client_descriptors()) {
        pause("no more descriptors for clients");
        return;
    }
    running_ = false;
    start();
}

}  // namespace marmoset::net
