// socket(), accept(), close() and what copies descriptors: where clients of a system server begin and end.
// accept() on a UNIX stream socket gives the client's own descriptor, if the gateway hands it over.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

#include "libwebsocket/interpose/calls.h"
#include "libwebsocket/interpose/epoll.h"
#include "libwebsocket/interpose/handover.h"
#include "libwebsocket/interpose/real_calls.h"
#include "libwebsocket/interpose/socket_table.h"
#include "libwebsocket/websocket_socket.h"

namespace marmoset::interpose {

namespace {

uint64_t max_message() {
    const char* text = std::getenv("WEBSOCKET_MAX_MESSAGE");
    const uint64_t bytes = text ? std::strtoull(text, nullptr, 10) : 0;
    return bytes > 0 ? bytes : 16u << 20;
}

bool is_unix_stream(int fd) {
    int domain = 0, type = 0;
    socklen_t size = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) return false;
    size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

void copy_address(const Peer& peer, sockaddr* address, socklen_t* size) {
    if (!address || !size) return;
    std::memcpy(address, &peer.address, std::min(*size, peer.size));
    *size = peer.size;
}

// The flags that accept4() was asked for; the file status is the sender's otherwise, non-blocking in the
// gateway.
void set_flags(int fd, int flags) {
    const int status = real().fcntl(fd, F_GETFL) & ~O_NONBLOCK;
    real().fcntl(fd, F_SETFL, status | ((flags & SOCK_NONBLOCK) != 0 ? O_NONBLOCK : 0));
    real().fcntl(fd, F_SETFD, (flags & SOCK_CLOEXEC) != 0 ? FD_CLOEXEC : 0);
}

int accept_client(int listener, sockaddr* address, socklen_t* size, int flags) {
    const ListenerOptions options = listener_options(listener);
    if (options.plain || !is_unix_stream(listener)) return real().accept4(listener, address, size, flags);
    // The client needs a descriptor beside the connection's. Where there is none it is left in the backlog,
    // as the kernel does.
    const int spare = real().fcntl(listener, F_DUPFD_CLOEXEC, 0);
    if (spare < 0) return -1;
    const socklen_t room = size ? *size : 0;
    const int connection = real().accept4(listener, address, size, flags);
    const int error = errno;
    real().close(spare);
    errno = error;
    if (connection < 0) return connection;
    Peer peer{};
    const int client = receive_handover(connection, peer);
    if (client == kNoRoom) {
        real().close(connection);
        errno = EMFILE;
        return -1;
    }
    if (client < 0) return connection;
    set_flags(client, flags);
    real().fcntl(connection, F_SETFD, FD_CLOEXEC);
    if (!insert_socket(client, connection, peer, options.type, max_message())) {
        real().close(client);
        real().close(connection);
        errno = EMFILE;
        return -1;
    }
    if (size) *size = room;
    copy_address(peer, address, size);
    return client;
}

int copied(int fd, int copy) {
    if (copy >= 0 && fd != copy) copy_descriptor(fd, copy);
    return copy;
}

struct AtExit {
    ~AtExit() { remove_descriptors(0, ~0u); }
} at_exit;

}  // namespace

}  // namespace marmoset::interpose

using namespace marmoset::interpose;

INTERPOSED int socket(int domain, int type, int protocol) {
    const bool websocket_domain = domain == AF_WEBSOCKET;
    const bool names_type =
        (domain == AF_UNIX || websocket_domain) && (type & 0xf) == SOCK_STREAM &&
        (protocol == WS_TEXT || protocol == WS_AUTO || (websocket_domain && protocol == WS_BLOB));
    if (!names_type) return real().socket(websocket_domain ? AF_UNIX : domain, type, protocol);
    const int fd = real().socket(AF_UNIX, type, 0);
    const MessageType messages = protocol == WS_TEXT   ? MessageType::Text
                                 : protocol == WS_AUTO ? MessageType::Auto
                                                       : MessageType::Binary;
    set_listener(fd, {messages, false});
    return fd;
}

INTERPOSED int accept(int fd, sockaddr* __restrict address, socklen_t* __restrict size) {
    return accept_client(fd, address, size, 0);
}

INTERPOSED int accept4(int fd, sockaddr* __restrict address, socklen_t* __restrict size, int flags) {
    return accept_client(fd, address, size, flags);
}

INTERPOSED int getpeername(int fd, sockaddr* __restrict address, socklen_t* __restrict size) noexcept {
    const DirectSocket* socket = find_socket(fd);
    if (!socket) return real().getpeername(fd, address, size);
    copy_address(socket->peer(), address, size);
    return 0;
}

INTERPOSED int close(int fd) {
    remove_descriptor(fd);
    return real().close(fd);
}

INTERPOSED int shutdown(int fd, int how) noexcept {
    DirectSocket* socket = find_socket(fd);
    if (!socket) return real().shutdown(fd, how);
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) {
        errno = EINVAL;
        return -1;
    }
    socket->shutdown(how);
    return 0;
}

INTERPOSED int dup(int fd) noexcept {
    return copied(fd, real().dup(fd));
}

INTERPOSED int dup2(int fd, int copy) noexcept {
    if (fd != copy) remove_descriptor(copy);
    return copied(fd, real().dup2(fd, copy));
}

INTERPOSED int dup3(int fd, int copy, int flags) noexcept {
    if (fd != copy) remove_descriptor(copy);
    return copied(fd, real().dup3(fd, copy, flags));
}

// All commands take one argument of a pointer's size, or none.
INTERPOSED int fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    const int result = real().fcntl(fd, command, argument);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

INTERPOSED int fcntl64(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    return fcntl(fd, command, argument);
}

INTERPOSED int ioctl(int fd, unsigned long request, ...) noexcept {
    va_list arguments;
    va_start(arguments, request);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    DirectSocket* socket = request == FIONREAD ? find_socket(fd) : nullptr;
    if (!socket) return real().ioctl(fd, request, argument);
    *static_cast<int*>(argument) = static_cast<int>(socket->available());
    return 0;
}

INTERPOSED int close_range(unsigned first, unsigned last, int flags) noexcept {
    if ((static_cast<unsigned>(flags) & CLOSE_RANGE_CLOEXEC) == 0) remove_descriptors(first, last);
    return real().close_range(first, last, flags);
}

INTERPOSED void closefrom(int first) noexcept {
    remove_descriptors(static_cast<unsigned>(std::max(first, 0)), ~0u);
    real().closefrom(first);
}

// Children of a forking server end like this, without destructors.
INTERPOSED void _exit(int status) {
    remove_descriptors(0, ~0u);
    real()._exit(status);
    __builtin_unreachable();
}

INTERPOSED void _Exit(int status) noexcept {
    _exit(status);
}
