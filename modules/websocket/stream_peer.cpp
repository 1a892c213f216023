#include "stream_peer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "link/channel.h"
#include "log/logger.h"
#include "net/socket_transport.h"
#include "websocket/utf8.h"

namespace marmoset::websocket_module {

namespace {

constexpr uint64_t kRetryMs = 100;
constexpr size_t kWindow = link::kDefaultWindow;  // bytes under way each way
// One read is one message; more at once would only make larger messages.
constexpr size_t kReadLimit = 65536;

}  // namespace

/// What speaks on the connection to the server: raw bytes for the peer.
class StreamPeer::ServerProtocol final : public net::Protocol {
  public:
    ServerProtocol(net::Connection& connection, StreamPeer& peer) : net::Protocol(connection), peer_(peer) {}
    size_t read_limit() const override { return kReadLimit; }
    void on_bytes(MutableBytes data) override { peer_.on_server_bytes(data); }
    void on_end_of_stream() override { peer_.on_server_end(CloseReason::ServerClosed); }
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
                       std::string server, std::string subprotocol)
    : RelayClient(exchange, settings, worker, server),
      server_(std::move(server)),
      subprotocol_(std::move(subprotocol)),
      retry_until_ms_(worker.loop.now() + settings.handshake_timeout_ms) {}

Result<void> StreamPeer::open(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                              std::string server, std::string_view subprotocol, unsigned slot) {
    auto socket = link::connect_unix(settings.docroot_fd.get(), server, SOCK_STREAM);
    if (!socket && socket.error().code != EAGAIN) return socket.error();
    auto* peer = new StreamPeer(exchange, settings, worker, std::move(server), std::string(subprotocol));
    exchange.slot(slot) = static_cast<RelayClient*>(peer);
    // Not at once even when connected: a hook that answers Wait must not be resumed from within itself.
    if (socket) peer->pending_ = socket.take();
    worker.loop.timers().arm(*peer, kRetryMs);
    if (socket) worker.loop.at_turn_end(peer->start_);
    return {};
}

void StreamPeer::Start::on_turn_end() {
    if (peer.waiting() && peer.pending_) peer.start(std::move(peer.pending_));
}

void StreamPeer::on_timer() {
    if (!waiting() || connection_) return;
    auto socket = link::connect_unix(settings_.docroot_fd.get(), server_, SOCK_STREAM);
    if (socket) {
        start(socket.take());
    } else if (socket.error().code == EAGAIN && worker_.loop.now() < retry_until_ms_) {
        worker_.loop.timers().arm(*this, kRetryMs);
    } else {
        log::warning("{}", socket.error().text);
        if (socket.error().code == EAGAIN) worker_.loop.counters().add(Counter::LimitHandshakeTimeout);
        refuse(503, {});
        release_if_over();
    }
}

bool StreamPeer::start(FileDescriptor socket) {
    worker_.loop.timers().disarm(*this);
    connection_ = new net::Connection(worker_.loop, std::make_unique<net::SocketTransport>(std::move(socket)),
                                      net::Address(), *this);
    net::Connection* connection = connection_;
    if (!connection->start(std::make_unique<ServerProtocol>(*connection, *this))) {
        refuse(503, {});
        release_if_over();
        return false;
    }
    if (!accept(subprotocol_)) connection->close(CloseReason::PeerClosed);
    return true;
}

// ---- client to server -----------------------------------------------------------------------------------

void StreamPeer::on_message_data(websocket::Session&, MutableBytes piece, bool, bool, bool) {
    if (!connection_) return;
    connection_->write_borrowed(piece);
    connection_->flush();
}

size_t StreamPeer::receive_credit(const websocket::Session&) const {
    if (!connection_) return kWindow;  // thrown away
    return kWindow - std::min<uint64_t>(kWindow, connection_->unsent());
}

// ---- server to client -----------------------------------------------------------------------------------

void StreamPeer::on_server_bytes(MutableBytes data) {
    if (!session()) return;
    std::vector<uint8_t> whole;  // borrowed by the session until the flush below
    switch (settings_.stream_type) {
        case StreamType::Binary:
            send_message(data, true);
            break;
        case StreamType::Text:
            on_server_text(data);
            break;
        case StreamType::Auto: {
            whole = std::move(unfinished_);
            unfinished_.clear();
            whole.insert(whole.end(), data.begin(), data.end());
            websocket::Utf8Validator text;
            if (!text.feed(whole)) {
                send_message(whole, true);
                break;
            }
            const size_t complete = websocket::complete_utf8_prefix(whole);
            unfinished_.assign(whole.begin() + static_cast<long>(complete), whole.end());
            if (complete > 0) send_message(Bytes(whole).first(complete), false);
            break;
        }
    }
    // Borrowed memory of this read: it leaves or is copied now.
    if (session()) session()->connection().flush();
    if (session() && connection_ && session()->connection().unsent() >= kWindow)
        connection_->pause(net::ReadPause::Output);
}

// ouistiti: a NUL ends a message, and what follows it is the next one. An unfinished UTF-8 sequence at the
// end waits.
void StreamPeer::on_server_text(Bytes data) {
    std::vector<uint8_t> joined;
    if (!unfinished_.empty()) {
        joined = std::move(unfinished_);
        unfinished_.clear();
        joined.insert(joined.end(), data.begin(), data.end());
        data = joined;
    }
    while (!data.empty() && session()) {
        const auto* nul = static_cast<const uint8_t*>(std::memchr(data.data(), 0, data.size()));
        const Bytes message = nul ? data.first(static_cast<size_t>(nul - data.data())) : data;
        data = nul ? data.subspan(message.size() + 1) : Bytes();
        websocket::Utf8Validator text;
        const bool valid = text.feed(message);
        const size_t complete = valid && !nul ? websocket::complete_utf8_prefix(message) : message.size();
        if (!nul) unfinished_.assign(message.begin() + static_cast<long>(complete), message.end());
        if (complete > 0) send_message(message.first(complete), false);
    }
    if (session()) session()->connection().flush();  // `joined` ends here
}

void StreamPeer::send_message(Bytes data, bool binary) {
    if (!session() || session()->send(data, binary, true, true)) return;
    static log::RateLimit limit;
    if (limit.permit(worker_.loop.now())) {
        log::error(
            "{}: bytes are not UTF-8, client closed with 1011; type = \"binary\" or \"auto\" would pass "
            "them{}",
            server_, limit.suffix());
    }
    session()->fail(CloseReason::ServerError);
}

void StreamPeer::on_output_progress(websocket::Session& session) {
    if (connection_ && session.connection().unsent() < kWindow / 2)
        connection_->resume(net::ReadPause::Output);
}

// ---- ends -----------------------------------------------------------------------------------------------

void StreamPeer::on_server_end(CloseReason reason) {
    if (session()) session()->close(describe(reason).websocket_code, {}, reason);
    if (connection_) connection_->close(reason);
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
    if (connection_) connection_->close(CloseReason::PeerClosed);
    release_if_over();
}

bool StreamPeer::over() const {
    return connection_ == nullptr;
}

}  // namespace marmoset::websocket_module
