#include "stream_peer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "log/logger.h"
#include "net/socket_transport.h"

namespace marmoset::websocket_module {

namespace {

// One read is one message; more at once would only make larger messages.
constexpr size_t kReadLimit = 65536;

}  // namespace

/// What speaks on the connection to the server: raw bytes for the peer.
class StreamPeer::ServerProtocol final : public net::Protocol {
  public:
    ServerProtocol(net::Connection& connection, StreamPeer& peer) : net::Protocol(connection), peer_(peer) {}
    size_t read_limit() const override { return std::min<uint64_t>(kReadLimit, peer_.settings_.window()); }
    void on_bytes(MutableBytes data) override { peer_.on_server_bytes(data); }
    void on_end_of_stream() override { peer_.on_server_end(); }
    bool reads_on_after_reset() const override { return true; }
    void on_output_progress() override {
        if (peer_.session()) peer_.session()->resume_receiving();
    }
    void on_deadline() override {}
    void on_closed(CloseReason) override {}
    void on_shutdown() override {}

  private:
    StreamPeer& peer_;  // outlives the connection: see on_connection_closed
};

StreamPeer::StreamPeer(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                       const Place& place, Dialect dialect, std::string_view subprotocol)
    : RelayClient(exchange, settings, worker, place.name),
      server_(place.name),
      subprotocol_(subprotocol),
      dialect_(dialect),
      cutter_(dialect, settings.session.max_message),
      connector_(std::make_unique<Connector>(worker.loop, place, SOCK_STREAM, settings.handshake_timeout_ms,
                                             static_cast<Connector::Owner&>(*this))) {}

Result<void> StreamPeer::open(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                              const Place& place, Dialect dialect, std::string_view subprotocol,
                              unsigned slot) {
    auto* peer = new StreamPeer(exchange, settings, worker, place, dialect, subprotocol);
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

void StreamPeer::Start::on_turn_end() {
    if (peer.waiting() && peer.pending_) peer.start(std::move(peer.pending_), {});
}

void StreamPeer::on_connected(FileDescriptor socket, const net::Address& peer) {
    if (waiting()) start(std::move(socket), peer);
}

void StreamPeer::on_connect_failed(const Error& error) {
    connector_.reset();
    if (error.code == EAGAIN || error.code == ETIMEDOUT)
        worker_.loop.counters().add(Counter::LimitHandshakeTimeout);
    static log::RateLimit limit;
    if (limit.permit(worker_.loop.now())) log::warning("{}{}", error.text, limit.suffix());
    if (waiting()) refuse(503, {});
    release_if_over();
}

void StreamPeer::start(FileDescriptor socket, const net::Address& peer) {
    connector_.reset();
    connection_ = new net::Connection(worker_.loop, std::make_unique<net::SocketTransport>(std::move(socket)),
                                      peer, *this);
    net::Connection* connection = connection_;
    if (!connection->start(std::make_unique<ServerProtocol>(*connection, *this))) {
        refuse(503, {});
        release_if_over();
        return;
    }
    if (!accept(subprotocol_)) connection->close(CloseReason::PeerClosed);
}

// ---- client to server -----------------------------------------------------------------------------------

void StreamPeer::on_message_data(websocket::Session& session, MutableBytes piece, bool binary, bool,
                                 bool last) {
    if (!connection_) return;
    const bool lines = dialect_.framing == Dialect::Framing::Lines;
    if (lines && binary) {
        session.fail(CloseReason::NotText);
        return;
    }
    if (lines && !piece.empty() && std::memchr(piece.data(), '\n', piece.size())) {
        session.fail(CloseReason::LineInside);
        return;
    }
    connection_->write_borrowed(piece);
    if (lines && last) connection_->write_copy(as_bytes("\n"));
    connection_->flush();
}

size_t StreamPeer::receive_credit(const websocket::Session&) const {
    const uint64_t window = link::kDefaultWindow;
    if (!connection_) return window;  // thrown away
    return window - std::min(window, connection_->unsent());
}

// ---- server to client -----------------------------------------------------------------------------------

void StreamPeer::on_server_bytes(MutableBytes data) {
    cutter_.feed(data);
    MessageCutter::Message message;
    auto status = MessageCutter::Status::NeedMore;
    while (session() && (status = cutter_.next(message)) == MessageCutter::Status::Message)
        send_message(message);
    if (status == MessageCutter::Status::TooLong) fail_server("a line is longer than max_message");
    // Borrowed memory of this read: it leaves or is copied now.
    if (session()) session()->connection().flush();
    if (session() && connection_ && session()->connection().unsent() >= settings_.window())
        connection_->pause(net::ReadPause::Output);
}

void StreamPeer::send_message(const MessageCutter::Message& message) {
    if (!session() || session()->send(message.data, message.binary, true, true)) return;
    fail_server(dialect_.framing == Dialect::Framing::Lines
                    ? "a line is not UTF-8"
                    : "bytes are not UTF-8 (type = \"binary\" or \"auto\" would pass them)");
}

void StreamPeer::fail_server(const char* what) {
    static log::RateLimit limit;
    if (limit.permit(worker_.loop.now()))
        log::error("{}: {}, client closed with 1011{}", server_, what, limit.suffix());
    if (session()) session()->fail(CloseReason::ServerError);
}

void StreamPeer::on_output_progress(websocket::Session& session) {
    if (connection_ && session.connection().unsent() < settings_.window() / 2)
        connection_->resume(net::ReadPause::Output);
}

// ---- ends -----------------------------------------------------------------------------------------------

void StreamPeer::on_server_end() {
    MessageCutter::Message message;
    if (session() && cutter_.end(message) == MessageCutter::Status::Message) {
        send_message(message);
        if (session()) session()->connection().flush();
    }
    if (session())
        session()->close(describe(CloseReason::ServerClosed).websocket_code, {}, CloseReason::ServerClosed);
    if (connection_) connection_->close(CloseReason::ServerClosed);
}

void StreamPeer::on_connection_closed(net::Connection&, CloseReason reason) {
    connection_ = nullptr;
    if (session() && reason != CloseReason::ServerClosed)
        session()->close(websocket::kServiceRestart, {}, CloseReason::ServerGone);
    if (session()) session()->resume_receiving();
    release_if_over();
}

void StreamPeer::on_session_end(websocket::Session& session, uint16_t code, std::string_view, CloseReason) {
    write_log(session, code);
    session_ended();
    // What the client sent last still reaches the server.
    if (connection_) connection_->close_after_output(CloseReason::PeerClosed);
    release_if_over();
}

void StreamPeer::on_request_aborted() {
    forget_request();
    connector_.reset();
    if (connection_) connection_->close(CloseReason::PeerClosed);
    release_if_over();
}

bool StreamPeer::over() const {
    return RelayClient::over() && connection_ == nullptr;
}

}  // namespace marmoset::websocket_module
