// WebSocketServer: accepts on TCP, reads one request head a client, answers the handshake and gives the
// connection to a WebSocket of the server's end.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>

#include "http/parser.h"
#include "http/status.h"
#include "libwebsocket/head_reader.h"
#include "libwebsocket/socket_errors.h"
#include "libwebsocket/web_socket.h"
#include "net/listener.h"
#include "net/socket_transport.h"
#include "websocket/handshake.h"

namespace websocket_client {

namespace {

using marmoset::CloseReason;
using marmoset::FileDescriptor;
using marmoset::MutableBytes;
namespace http = marmoset::http;
namespace net = marmoset::net;
namespace websocket = marmoset::websocket;

constexpr websocket::DeflatePolicy kDeflate{
    .window_bits = websocket::kMaxWindowBits, .server_takeover = true, .client_takeover = true};

}  // namespace

class WebSocketServer::Implementation {
  public:
    Implementation(EventLoop::Implementation& events, WebSocketServer& owner, ServerOptions options)
        : events_(events), owner_(owner), options_(std::move(options)) {}
    ~Implementation();

    bool listen(const std::string& address, uint16_t port);
    void close();
    const std::string& address() const { return text_; }
    uint16_t port() const { return port_; }
    size_t clients() const { return clients_.size(); }

  private:
    class Arrival;

    bool refuse_to_listen(const marmoset::Error& error);
    void stop_listening();
    void on_accept(FileDescriptor socket, const net::Address& peer);
    void answer(Arrival& arrival, const http::Request& request, MutableBytes rest);
    std::string choose_protocol(std::string_view offered) const;
    void open(Arrival& arrival, const http::Request& request, const std::string& protocol, MutableBytes rest);

    EventLoop::Implementation& events_;
    WebSocketServer& owner_;
    ServerOptions options_;
    std::vector<FileDescriptor> sockets_;
    net::Listener* listener_ = nullptr;  // frees itself
    std::string unix_path_, text_;
    uint16_t port_ = 0;
    std::unordered_set<Arrival*> arrivals_;                   // whose handshake is under way
    std::unordered_set<WebSocket::Implementation*> clients_;  // open ones; they free themselves
};

/// One connection until its handshake is complete. Owned by it, as the protocol; the observer of it, until a
/// socket is.
class WebSocketServer::Implementation::Arrival final : public net::Retired, public net::ConnectionObserver {
  public:
    explicit Arrival(Implementation& server) : server_(&server) {}

    void begin(FileDescriptor socket, const net::Address& peer) {
        connection_ = new net::Connection(
            server_->events_.loop(), std::make_unique<net::SocketTransport>(std::move(socket)), peer, *this);
        auto reader = std::make_unique<Reader>(*connection_, *this);
        reader_ = reader.get();
        const unsigned timeout = server_->options_.handshake_timeout_ms;
        if (connection_->start(std::move(reader)) && server_) connection_->set_deadline(timeout);
    }
    /// The server goes.
    void drop() { connection_->close(CloseReason::Shutdown); }

    // Of the head reader.
    bool on_head(std::string_view head, MutableBytes rest) {
        http::Request request;
        const char* reason = "";
        const http::Limits limits;
        const unsigned status = http::Parser().parse_head(head, limits, request, reason);
        if (status != 0) {
            refuse(status, reason);
        } else {
            server_->answer(*this, request, rest);
        }
        return true;
    }
    void on_secured() {}
    void on_deadline() { connection_->close(CloseReason::HeaderTimeout); }
    void on_lost(CloseReason reason) { connection_->close(reason); }
    void on_head_too_large() { refuse(431, "the request's head is too large"); }

    void refuse(unsigned status, std::string_view reason) {
        const std::string body = std::string(reason) + "\n";
        std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
        text.append(http::reason_phrase(status)).append("\r\nConnection: close\r\n");
        if (status == 426) text += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
        text += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(body.size());
        text += "\r\n\r\n" + body;
        reader_->detach();
        connection_->write_copy(marmoset::as_bytes(text));
        connection_->close_after_output(CloseReason::ResponseEnd);
    }
    net::Connection& connection() const { return *connection_; }
    bool handed_over() const { return socket_ != nullptr; }
    /// From here on `socket` hears of the connection's end.
    void hand_over(WebSocket::Implementation& socket) {
        reader_->detach();
        socket_ = &socket;
    }

    void on_connection_closed(net::Connection& connection, CloseReason reason) override {
        if (socket_) {
            socket_->on_connection_closed(connection, reason);
        } else {
            reader_->detach();
        }
        server_->arrivals_.erase(this);
        server_->events_.loop().retire(std::unique_ptr<net::Retired>(this));
    }

  private:
    using Reader = marmoset::libwebsocket::HeadProtocol<Arrival>;

    Implementation* server_;
    net::Connection* connection_ = nullptr;
    Reader* reader_ = nullptr;
    WebSocket::Implementation* socket_ = nullptr;
};

// ---- listening ------------------------------------------------------------------------------------------

WebSocketServer::Implementation::~Implementation() {
    stop_listening();
    for (WebSocket::Implementation* client : std::unordered_set(clients_)) {
        client->on_gone = nullptr;
        client->drop();
    }
    for (Arrival* arrival : std::unordered_set(arrivals_))
        arrival->drop();
}

bool WebSocketServer::Implementation::listen(const std::string& address, uint16_t port) {
    auto wanted = net::parse_listen_address(address, port);
    if (!wanted) return refuse_to_listen({wanted.error().text, EINVAL});
    net::ListenAddress where = wanted.take();
    auto bound = net::bind_listeners(where, 1);
    if (!bound) return refuse_to_listen(bound.error());
    if (::listen(bound->front().get(), SOMAXCONN) != 0)
        return refuse_to_listen(marmoset::errno_error("listen", where.text(), errno));
    stop_listening();
    sockets_ = bound.take();
    unix_path_ = where.unix_path;
    text_ = where.text();
    // sin_port and sin6_port lie at the same offset.
    port_ = unix_path_.empty() ? ntohs(reinterpret_cast<const sockaddr_in&>(where.storage).sin_port) : 0;
    listener_ = new net::Listener(
        events_.loop(), sockets_.front().get(),
        [this](FileDescriptor socket, const net::Address& peer) { on_accept(std::move(socket), peer); });
    listener_->start();
    return true;
}

bool WebSocketServer::Implementation::refuse_to_listen(const marmoset::Error& error) {
    if (owner_.onerror) {
        const auto onerror = owner_.onerror;
        const ErrorEvent event{marmoset::libwebsocket::error_of_errno(error.code), error.text, 0};
        call_guarded("onerror", [&] { onerror(event); });
    }
    return false;
}

void WebSocketServer::Implementation::stop_listening() {
    if (!listener_) return;
    std::exchange(listener_, nullptr)->close();
    sockets_.clear();
    if (!unix_path_.empty()) unlink(unix_path_.c_str());
}

void WebSocketServer::Implementation::close() {
    stop_listening();
    for (WebSocket::Implementation* client : std::unordered_set(clients_))
        client->shut_down();
    for (Arrival* arrival : std::unordered_set(arrivals_)) {
        if (!arrival->handed_over()) arrival->drop();
    }
}

void WebSocketServer::Implementation::on_accept(FileDescriptor socket, const net::Address& peer) {
    auto* arrival = new Arrival(*this);
    arrivals_.insert(arrival);
    arrival->begin(std::move(socket), peer);
}

// ---- the handshake --------------------------------------------------------------------------------------

void WebSocketServer::Implementation::answer(Arrival& arrival, const http::Request& request,
                                             MutableBytes rest) {
    const std::string upgrade = request.joined("upgrade");
    const std::string connection = request.joined("connection");
    const std::string protocols = request.joined("sec-websocket-protocol");
    if (!websocket::wants_websocket(upgrade, connection)) {
        arrival.refuse(426, "this is a websocket server");
        return;
    }
    websocket::HandshakeRequest asked;
    asked.method = request.method_name;
    asked.minor_version = request.minor_version;
    asked.host = request.host;
    asked.upgrade = upgrade;
    asked.connection = connection;
    asked.key = request.header("sec-websocket-key");
    asked.key_count = request.count("sec-websocket-key");
    asked.version = request.header("sec-websocket-version");
    asked.version_count = request.count("sec-websocket-version");
    asked.protocols = protocols;
    asked.has_body = request.has_body();
    const websocket::HandshakeVerdict verdict = websocket::check_handshake(asked);
    if (verdict.status != 0) {
        arrival.refuse(verdict.status, verdict.reason);
    } else if (options_.max_clients != 0 && clients_.size() >= options_.max_clients) {
        arrival.refuse(503, "too many clients");
    } else {
        open(arrival, request, choose_protocol(protocols), rest);
    }
}

std::string WebSocketServer::Implementation::choose_protocol(std::string_view offered) const {
    std::vector<std::string_view> tokens;
    websocket::parse_protocols(offered, tokens);
    for (const std::string_view token : tokens) {
        if (std::find(options_.protocols.begin(), options_.protocols.end(), token) !=
            options_.protocols.end())
            return std::string(token);
    }
    return {};
}

void WebSocketServer::Implementation::open(Arrival& arrival, const http::Request& request,
                                           const std::string& protocol, MutableBytes rest) {
    std::string text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    text += "Sec-WebSocket-Accept: " + websocket::accept_value(request.header("sec-websocket-key")) + "\r\n";
    if (!protocol.empty()) text += "Sec-WebSocket-Protocol: " + protocol + "\r\n";
    std::string extensions;
    std::unique_ptr<websocket::PerMessageDeflate> deflate;
    if (options_.compression) {
        const auto agreed =
            websocket::accept_deflate_offer(request.joined("sec-websocket-extensions"), kDeflate);
        if (agreed) {
            extensions = websocket::deflate_response(*agreed);
            text += "Sec-WebSocket-Extensions: " + extensions + "\r\n";
            deflate = std::make_unique<websocket::PerMessageDeflate>(*agreed, events_.deflate_contexts);
        }
    }
    text += "\r\n";

    net::Connection& connection = arrival.connection();
    ServerRequest told;
    told.target = request.raw_target;
    told.host = request.host;
    told.origin = request.header("origin");
    told.address = connection.peer().text();
    for (const http::Header& header : request.headers)
        told.headers.emplace_back(header.name, header.value);

    auto* client = new WebSocket::Implementation(events_, options_);
    std::unique_ptr<WebSocket> own(new WebSocket(*client));
    WebSocket& socket = *own;
    clients_.insert(client);
    client->on_gone = [this, client] { clients_.erase(client); };
    arrival.hand_over(*client);
    connection.write_copy(marmoset::as_bytes(text));
    client->accept(connection, std::move(own), "ws://" + told.host + told.target, protocol, extensions,
                   std::move(deflate));
    if (owner_.onconnection) {
        const auto onconnection = owner_.onconnection;
        call_guarded("onconnection", [&] { onconnection(socket, told); });
    }
    client->take_rest(rest);
}

// ---- the public class -----------------------------------------------------------------------------------

WebSocketServer::WebSocketServer(EventLoop& loop, ServerOptions options)
    : implementation_(std::make_unique<Implementation>(*loop.implementation_, *this, std::move(options))) {}
WebSocketServer::~WebSocketServer() = default;

bool WebSocketServer::listen(const std::string& address, uint16_t port) {
    return implementation_->listen(address, port);
}
const std::string& WebSocketServer::address() const {
    return implementation_->address();
}
uint16_t WebSocketServer::port() const {
    return implementation_->port();
}
size_t WebSocketServer::clients() const {
    return implementation_->clients();
}
void WebSocketServer::close() {
    implementation_->close();
}

}  // namespace websocket_client
