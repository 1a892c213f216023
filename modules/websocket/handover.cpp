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

// On a UNIX socket these fail, and nobody's host can be gone.
void keep_alive(int socket, const websocket::SessionSettings& settings) {
    if (settings.ping_ms == 0) return;
    const int yes = 1;
    const int seconds = static_cast<int>(std::clamp<uint64_t>(settings.ping_ms / 1000, 1, 32767));
    const int misses = std::clamp(static_cast<int>(settings.ping_misses), 1, 127);
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &misses, sizeof misses);
}

}  // namespace

Handover::Handover(net::Connection& connection, Receiver& receiver,
                   const websocket::SessionSettings& settings)
    : net::Protocol(connection), receiver_(&receiver) {
    connection.set_deadline(settings.send_timeout_ms);
    keep_alive(connection.descriptor(), settings);
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
    auto inner_end = std::make_unique<net::BridgeEnd>(*inner);
    auto client_end = std::make_unique<net::BridgeEnd>(client);
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
