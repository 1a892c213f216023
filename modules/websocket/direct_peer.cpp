#include "direct_peer.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "log/logger.h"
#include "net/socket_transport.h"
#include "websocket/close_code.h"

namespace marmoset::websocket_module {

namespace {

// The message that ouistiti sends: the client's sockaddr, its descriptor beside it. False: errno says why.
bool send_descriptor(int connection, const sockaddr* address, socklen_t size, int descriptor) {
    iovec piece{const_cast<sockaddr*>(address), size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
    return sendmsg(connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

}  // namespace

/// What speaks on the connection to the server: nothing. Its end is the client's.
class DirectPeer::LifeProtocol final : public net::Protocol {
  public:
    using net::Protocol::Protocol;
    void on_bytes(MutableBytes) override {}
    void on_end_of_stream() override { connection().close(CloseReason::ServerClosed); }
    void on_deadline() override {}
    void on_closed(CloseReason) override {}
    void on_shutdown() override {}
};

void DirectPeers::close_all() {
    for (DirectPeer* peer = first; peer;) {
        DirectPeer* const next = peer->next_;
        peer->close();
        peer = next;
    }
}

DirectPeer::DirectPeer(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                       DirectPeers& peers, const Place& place, std::string_view subprotocol)
    : GatewayClient(exchange, settings, worker, place.name),
      peers_(peers),
      next_(peers.first),
      server_(place.name),
      subprotocol_(subprotocol),
      address_(exchange.remote()),
      connector_(std::make_unique<Connector>(worker.loop, place, SOCK_STREAM, settings.handshake_timeout_ms,
                                             static_cast<Connector::Owner&>(*this))) {
    if (next_) next_->previous_ = this;
    peers.first = this;
}

DirectPeer::~DirectPeer() {
    if (next_) next_->previous_ = previous_;
    (previous_ ? previous_->next_ : peers_.first) = next_;
}

Result<void> DirectPeer::open(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                              DirectPeers& peers, const Place& place, std::string_view subprotocol,
                              unsigned slot) {
    auto* peer = new DirectPeer(exchange, settings, worker, peers, place, subprotocol);
    auto socket = peer->connector_->start();
    if (!socket) {
        delete peer;
        return socket.error();
    }
    exchange.slot(slot) = static_cast<GatewayClient*>(peer);
    if (!*socket) return {};
    // Not at once even when connected: a hook that answers Wait must not be resumed from within itself.
    peer->pending_ = socket.take();
    worker.loop.at_turn_end(peer->start_);
    return {};
}

void DirectPeer::Start::on_turn_end() {
    if (peer.waiting() && peer.pending_) peer.start(std::move(peer.pending_));
}

void DirectPeer::on_connected(FileDescriptor socket, const net::Address&) {
    if (waiting()) start(std::move(socket));
}

void DirectPeer::on_connect_failed(const Error& error) {
    connector_.reset();
    static log::RateLimit limit;
    if (limit.permit(worker_.loop.now())) log::warning("{}{}", error.text, limit.suffix());
    ended_ = true;
    if (waiting()) refuse(503, {});
    release_if_over();
}

void DirectPeer::start(FileDescriptor socket) {
    connector_.reset();
    life_ = new net::Connection(worker_.loop, std::make_unique<net::SocketTransport>(std::move(socket)),
                                net::Address(), *this);
    net::Connection* life = life_;
    http::Exchange* exchange = request();
    if (!exchange || !life->start(std::make_unique<LifeProtocol>(*life))) {
        ended_ = true;
        refuse(503, {});
        release_if_over();
        return;
    }
    // No compression: who reads the frames there was not asked.
    handing_over_ = true;
    hand_over(subprotocol_, std::nullopt, *this);
}

void DirectPeer::on_handover_ready(Handover& handover) {
    handing_over_ = false;
    if (!life_) {  // the server has gone meanwhile
        handover.connection().close(CloseReason::ServerGone);
        end(websocket::kServiceRestart, CloseReason::ServerGone);
        return;
    }
    const bool own = handover.transferable() && handover.early().empty();
    const FileDescriptor descriptor =
        own ? handover.give_descriptor()
            : handover.give_bridge(static_cast<net::ConnectionObserver&>(*this), bridge_);
    sockaddr_storage storage{};
    const socklen_t size = address_.to_sockaddr(storage);
    if (descriptor &&
        send_descriptor(life_->descriptor(), reinterpret_cast<sockaddr*>(&storage), size, descriptor.get())) {
        if (session_over()) end_session();
        return;
    }
    log::error("{}: a client can't be handed over: {}", server_, std::strerror(errno));
    life_->close(CloseReason::InternalError);
}

void DirectPeer::on_handover_lost(CloseReason reason) {
    handing_over_ = false;
    if (life_) life_->close(CloseReason::PeerClosed);
    end(websocket::kAbnormal, reason);
}

void DirectPeer::on_connection_closed(net::Connection& connection, CloseReason) {
    (&connection == life_ ? life_ : bridge_) = nullptr;
    if (handing_over_) return;  // the server has gone before the 101 has left: told then
    // An end right after the message: the server keeps the client and needs no sign of life (ouistiti's own
    // library).
    end(websocket::kNoStatus, session_over()    ? CloseReason::SessionOver
                              : asked_to_close_ ? CloseReason::Shutdown
                                                : CloseReason::ServerClosed);
}

void DirectPeer::close() {
    asked_to_close_ = true;
    if (life_) life_->close_after_output(CloseReason::Shutdown);
}

void DirectPeer::end(uint16_t code, CloseReason why) {
    ended_ = true;
    end_direct(code, why);
    release_if_over();
}

void DirectPeer::on_request_aborted() {
    forget_request();
    ended_ = true;
    if (life_) life_->close(CloseReason::PeerClosed);
    release_if_over();
}

}  // namespace marmoset::websocket_module
