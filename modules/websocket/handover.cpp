#include "handover.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "net/byte_bridge.h"
#include "net/socket_transport.h"

namespace marmoset::websocket_module {

namespace {

// A server that knows only sockets has no clock for pings: the kernel finds out whether the client is still
// there, as often and as long as the configuration says of pings and of clients that take nothing. On a UNIX
// socket all of it fails, and nobody's host can be gone.
void watch_client(int socket, const websocket::SessionSettings& settings) {
    const auto set = [socket](int level, int option, int64_t value, int most) {
        const int bounded = static_cast<int>(std::clamp<int64_t>(value, 1, most));
        setsockopt(socket, level, option, &bounded, sizeof bounded);
    };
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int64_t>(settings.send_timeout_ms), INT32_MAX);
    if (settings.ping_ms == 0) return;
    const auto seconds = static_cast<int64_t>(settings.ping_ms / 1000);
    set(IPPROTO_TCP, TCP_KEEPIDLE, seconds, 32767);  // the kernel's limits
    set(IPPROTO_TCP, TCP_KEEPINTVL, seconds, 32767);
    set(IPPROTO_TCP, TCP_KEEPCNT, settings.ping_misses, 127);
    set(SOL_SOCKET, SO_KEEPALIVE, 1, 1);
}

}  // namespace

Handover::Handover(net::Connection& connection, Receiver& receiver,
                   const websocket::SessionSettings& settings)
    : net::Protocol(connection), receiver_(&receiver) {
    connection.set_deadline(settings.send_timeout_ms);
    watch_client(connection.descriptor(), settings);
    connection.loop().at_turn_end(ready_);
}

Handover::~Handover() = default;

// Only what came in one piece with the handshake: from here on nothing is read.
void Handover::on_bytes(MutableBytes data) {
    early_.insert(early_.end(), data.begin(), data.end());
    account(static_cast<int64_t>(data.size()));
    connection().pause(net::ReadPause::Handshake);
}

void Handover::check_ready() {
    connection().flush();
    if (!receiver_ || connection().closing()) return;
    connection().pause(net::ReadPause::Handshake);
    if (connection().unsent() == 0) std::exchange(receiver_, nullptr)->on_handover_ready(*this);
}

void Handover::on_output_progress() {
    if (connection().unsent() == 0) check_ready();
}

FileDescriptor Handover::give_descriptor() {
    FileDescriptor descriptor(fcntl(connection().descriptor(), F_DUPFD_CLOEXEC, 0));
    connection().close(descriptor ? CloseReason::HandedOver : CloseReason::InternalError);
    return descriptor;
}

FileDescriptor Handover::give_bridge(net::ConnectionObserver& observer, net::Connection*& inner) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        connection().close(CloseReason::InternalError);
        return {};
    }
    FileDescriptor theirs(ends[1]);
    net::Connection& client = connection();
    inner =
        new net::Connection(client.loop(), std::make_unique<net::SocketTransport>(FileDescriptor(ends[0])),
                            net::Address(), observer);
    auto inner_end = std::make_unique<net::BridgeEnd>(*inner, net::BridgeEnd::Side::Server);
    auto client_end = std::make_unique<net::BridgeEnd>(client, net::BridgeEnd::Side::Client);
    net::BridgeEnd::join(*inner_end, *client_end);
    const std::vector<uint8_t> early = std::move(early_);
    account(-static_cast<int64_t>(early.size()));
    client.clear_deadline();
    client.replace_protocol(std::move(client_end));  // `this` lives until the end of the turn
    if (!inner->start(std::move(inner_end))) return {};
    inner->write_borrowed(early);
    inner->flush();
    client.resume(net::ReadPause::Handshake);
    return theirs;
}

void Handover::on_end_of_stream() {
    connection().close(CloseReason::PeerClosed);
}

void Handover::on_deadline() {
    connection().close(CloseReason::SendTimeout);
}

void Handover::on_closed(CloseReason reason) {
    account(-static_cast<int64_t>(early_.size()));
    if (receiver_) std::exchange(receiver_, nullptr)->on_handover_lost(reason);
}

}  // namespace marmoset::websocket_module
