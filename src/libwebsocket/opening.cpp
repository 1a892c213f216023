#include "libwebsocket/opening.h"

#include <fcntl.h>

#include "libwebsocket/head_reader.h"
#include "libwebsocket/socket_errors.h"
#include "net/socket_transport.h"
#include "tls/mbedtls/transport.h"

namespace marmoset::libwebsocket {

class HeadReader final : public HeadProtocol<Opening> {
  public:
    using HeadProtocol::HeadProtocol;
};

namespace {

using websocket_client::SocketError;
using websocket_client::TraceEvent;

// A connection to a proxy is over when its socket goes on as the server's.
class Nobody final : public net::ConnectionObserver {
    void on_connection_closed(net::Connection&, CloseReason) override {}
};
Nobody nobody;

// The peer's words in a message of ours: printable, and not too many.
std::string in_quotes(std::string_view text) {
    std::string clean;
    for (const char c : text.substr(0, 100))
        clean += c >= 0x20 && c < 0x7f ? c : '?';
    return clean;
}

std::string status_text(const http::ResponseHead& head) {
    std::string text = std::to_string(head.status);
    if (!head.reason.empty()) text += " " + in_quotes(head.reason);
    const std::string location = head.joined("location");
    if (head.status / 100 == 3 && !location.empty()) text += " to " + in_quotes(location);
    return text;
}

SocketError error_of_proxy_errno(int number) {
    switch (error_of_errno(number)) {
        case SocketError::HostNotFound:
            return SocketError::ProxyNotFound;
        case SocketError::ConnectionRefused:
            return SocketError::ProxyConnectionRefused;
        case SocketError::RemoteHostClosed:
            return SocketError::ProxyConnectionClosed;
        case SocketError::SocketTimeout:
            return SocketError::ProxyConnectionTimeout;
        default:
            return error_of_errno(number);
    }
}

// What a proxy says of its own way to the server.
SocketError error_of_proxy_status(unsigned status) {
    switch (status) {
        case 403:
        case 405:
            return SocketError::SocketAccess;
        case 404:
            return SocketError::HostNotFound;
        case 407:
            return SocketError::ProxyAuthenticationRequired;
        case 502:
        case 503:
            return SocketError::ConnectionRefused;
        case 504:
            return SocketError::SocketTimeout;
        default:
            return SocketError::ProxyProtocol;
    }
}

}  // namespace

Opening::Opening(websocket_client::EventLoop::Implementation& events, OpeningObserver& observer,
                 net::ConnectionObserver& connection_observer, const websocket::Url& url,
                 std::vector<std::string> protocols, const Options& options)
    : events_(events),
      observer_(observer),
      connection_observer_(connection_observer),
      url_(url),
      options_(options),
      asked_{websocket::make_key(), std::move(protocols), options.compression},
      alive_(std::make_shared<Opening*>(this)) {
    if (!options.proxy.empty() && url.unix_path.empty())
        proxy_ = websocket::parse_proxy_url(options.proxy).take();
    if (url.secure) {
        load_tls();
    } else {
        connect();
    }
}

void Opening::cancel() {
    done_ = true;
    *alive_ = nullptr;
    connector_.reset();
    drop_reader();
}

void Opening::drop_reader() {
    if (!reader_) return;
    HeadReader& reader = *std::exchange(reader_, nullptr);
    reader.detach();
    reader.connection().close(CloseReason::Shutdown);
}

// ---- ways to a socket -----------------------------------------------------------------------------------

void Opening::load_tls() {
    const tls::mbedtls::ClientOptions wanted{options_.ca_file, options_.insecure};
    auto& cache = events_.tls;
    if (cache.context && cache.options.ca_file == wanted.ca_file &&
        cache.options.insecure == wanted.insecure) {
        tls_ = cache.context;
        connect();
        return;
    }
    struct Load {
        tls::mbedtls::ClientOptions options;
        std::shared_ptr<const tls::mbedtls::Context> context;
        std::string error;
    };
    auto load = std::make_shared<Load>();
    load->options = wanted;
    events_.loop().run_blocking(
        [load] {
            auto made = tls::mbedtls::make_client_context(load->options);
            if (made) {
                load->context = made.take();
            } else {
                load->error = made.error().text;
            }
        },
        [load, alive = alive_] {
            Opening* self = *alive;
            if (!self) return;
            if (!load->context) {
                self->fail(SocketError::SslInvalidUserData, load->error);
                return;
            }
            self->events_.tls = {load->options, load->context};
            self->tls_ = load->context;
            self->connect();
        });
}

void Opening::connect() {
    connector_ = std::make_unique<net::Connector>(events_.loop(), *this, options_.connect_timeout_ms);
    to_proxy_ = !proxy_.host.empty();
    if (!url_.unix_path.empty()) {
        connector_->connect_unix(url_.unix_path);
    } else if (to_proxy_) {
        connector_->connect_tcp(proxy_.host, proxy_.port);
    } else {
        connector_->connect_tcp(url_.host, url_.port);
    }
}

void Opening::on_connect_failed(const Error& error) {
    fail(to_proxy_ ? error_of_proxy_errno(error.code) : error_of_errno(error.code), error.text);
}

void Opening::on_connected(FileDescriptor socket, const net::Address& peer) {
    if (to_proxy_) {
        converse(std::make_unique<net::SocketTransport>(std::move(socket)), peer, nobody);
    } else if (url_.secure) {
        converse(std::make_unique<tls::mbedtls::Transport>(
                     std::make_unique<net::SocketTransport>(std::move(socket)), tls_, url_.host),
                 peer, connection_observer_);
    } else {
        converse(std::make_unique<net::SocketTransport>(std::move(socket)), peer, connection_observer_);
    }
}

// ---- requests and answers -------------------------------------------------------------------------------

void Opening::converse(std::unique_ptr<net::Transport> transport, const net::Address& peer,
                       net::ConnectionObserver& observer) {
    auto* connection = new net::Connection(events_.loop(), std::move(transport), peer, observer);
    auto reader = std::make_unique<HeadReader>(*connection, *this);
    reader_ = reader.get();
    connection->start(std::move(reader));
    if (done_) return;  // it could not, and has said so
    connection->set_deadline(options_.handshake_timeout_ms);
    if (!connection->handshaking()) send_request();
}

void Opening::on_secured() {
    const net::TlsInfo info = reader_->connection().transport().tls_info();
    trace(TraceEvent::Kind::Tls, info.version + " " + info.cipher, false);
    if (!done_) send_request();
}

void Opening::send_request() {
    std::string text;
    if (to_proxy_) {
        // RFC 9112 3.2.3: authority-form, always with its port.
        const std::string host = url_.host.find(':') == std::string::npos ? url_.host : "[" + url_.host + "]";
        const std::string target = host + ":" + std::to_string(url_.port);
        text = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
        if (proxy_.has_user) {
            text += "Proxy-Authorization: " + websocket::basic_credentials(proxy_.user, proxy_.password);
            text += "\r\n";
        }
        text += "\r\n";
    } else {
        auto fields = options_.headers;
        if (url_.has_user) {
            fields.emplace_back("Authorization", websocket::basic_credentials(url_.user, url_.password));
        } else if (!options_.user.empty()) {
            fields.emplace_back("Authorization",
                                websocket::basic_credentials(options_.user, options_.password));
        }
        text = websocket::handshake_request(asked_, url_.target, url_.authority(), fields);
    }
    trace(TraceEvent::Kind::Request, text, true);
    if (done_) return;
    reader_->connection().write_copy(as_bytes(text));
}

bool Opening::on_head(std::string_view text, MutableBytes rest) {
    trace(TraceEvent::Kind::Response, text, false);
    if (done_) return true;
    http::ResponseHead head;
    if (const char* wrong = http::parse_response_head(text, kMaxHeadFields, head)) {
        fail(to_proxy_ ? SocketError::ProxyProtocol : SocketError::Unknown,
             std::string(peer_name()) + ": " + wrong);
        return true;
    }
    // RFC 9110 15.2: any number of interim answers.
    if (head.status < 200 && head.status != 101) return false;
    return to_proxy_ ? on_proxy_head(head, rest) : on_server_head(head, rest);
}

bool Opening::on_proxy_head(const http::ResponseHead& head, MutableBytes rest) {
    if (head.status < 200) {
        fail(SocketError::ProxyProtocol, "the proxy answered " + status_text(head));
        return true;
    }
    if (head.status / 100 != 2) {
        fail(error_of_proxy_status(head.status), "the proxy answered " + status_text(head), head.status);
        return true;
    }
    // Neither TLS nor websocket servers speak first.
    if (!rest.empty()) {
        fail(SocketError::ProxyProtocol, "the proxy sent more than its answer");
        return true;
    }
    net::Connection& connection = reader_->connection();
    const net::Address peer = connection.peer();
    // The connection closes its descriptor; the socket goes on by another.
    FileDescriptor socket(fcntl(connection.descriptor(), F_DUPFD_CLOEXEC, 0));
    const int error = errno;
    reader_->detach();
    reader_ = nullptr;
    connection.close(CloseReason::ResponseEnd);
    if (!socket) {
        fail(error_of_errno(error), errno_error("duplicate", "the proxy's socket", error).text);
        return true;
    }
    to_proxy_ = false;
    on_connected(std::move(socket), peer);
    return true;
}

bool Opening::on_server_head(const http::ResponseHead& head, MutableBytes rest) {
    if (head.status != 101) {
        fail(SocketError::ConnectionRefused, "the server answered " + status_text(head), head.status);
        return true;
    }
    websocket::HandshakeAnswer answer;
    answer.minor_version = head.minor_version;
    answer.upgrade = head.joined("upgrade");
    answer.connection = head.joined("connection");
    answer.accept = head.joined("sec-websocket-accept");
    answer.accept_count = head.count("sec-websocket-accept");
    answer.protocol = head.joined("sec-websocket-protocol");
    answer.protocol_count = head.count("sec-websocket-protocol");
    answer.extensions = head.joined("sec-websocket-extensions");
    const websocket::AnswerVerdict verdict = websocket::check_answer(asked_, answer);
    if (verdict.error) {
        fail(SocketError::Unknown, verdict.error);
        return true;
    }
    net::Connection& connection = reader_->connection();
    reader_->detach();
    reader_ = nullptr;
    done_ = true;
    observer_.on_opened(connection, verdict, answer.extensions, rest);
    return true;
}

// ---- failures -------------------------------------------------------------------------------------------

void Opening::on_deadline() {
    const bool tls = reader_->connection().handshaking();
    fail(to_proxy_ ? SocketError::ProxyConnectionTimeout : SocketError::SocketTimeout,
         std::string(peer_name()) + (tls ? " does not finish the TLS handshake" : " does not answer"));
}

void Opening::on_lost(CloseReason reason) {
    const net::Connection& connection = reader_->connection();
    if (reason == CloseReason::TlsFailed) {
        fail(SocketError::SslHandshakeFailed, "TLS: " + connection.transport().error(), 0, true);
        return;
    }
    const std::string error = connection.transport().error();
    fail(to_proxy_ ? SocketError::ProxyConnectionClosed : error_of_reason(reason),
         error.empty() ? std::string(peer_name()) + " closed the connection before its answer"
                       : "TLS: " + error);
}

void Opening::on_head_too_large() {
    fail(to_proxy_ ? SocketError::ProxyProtocol : SocketError::Unknown,
         std::string(peer_name()) + ": the answer's head is larger than " + std::to_string(kMaxHead) +
             " bytes");
}

void Opening::fail(SocketError error, std::string message, unsigned http_status, bool tls) {
    if (done_) return;
    done_ = true;
    drop_reader();
    observer_.on_opening_failed({error, std::move(message), http_status}, tls);
}

void Opening::trace(TraceEvent::Kind kind, std::string_view text, bool sent) {
    if (!options_.trace) return;
    TraceEvent event;
    event.kind = kind;
    event.text = text;
    event.sent = sent;
    websocket_client::call_guarded("trace", [&] { options_.trace(event); });
}

}  // namespace marmoset::libwebsocket
