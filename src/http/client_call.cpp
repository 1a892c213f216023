#include "http/client_call.h"

#include <cerrno>

#include "net/socket_transport.h"

namespace marmoset::http {

namespace {

// The connection is the call's own affair: who else should hear of its end?
class Nobody final : public net::ConnectionObserver {
    void on_connection_closed(net::Connection&, CloseReason) override {}
};
Nobody nobody;

}  // namespace

class ClientCall::Reader final : public net::Protocol {
  public:
    Reader(net::Connection& connection, ClientCall& call) : net::Protocol(connection), call_(&call) {}

    /// The call hears no more.
    void detach() { call_ = nullptr; }

    void on_bytes(MutableBytes data) override {
        if (call_) call_->on_bytes(data);
    }
    void on_secured() override {
        if (call_) call_->send_request();
    }
    void on_end_of_stream() override {
        if (call_) call_->on_end_of_stream();
    }
    void on_deadline() override {}
    void on_closed(CloseReason reason) override {
        if (call_) call_->on_lost(reason);
    }
    void on_shutdown() override {}  // whose call it is gives it up

  private:
    ClientCall* call_;
};

ClientCall::ClientCall(net::Loop& loop, ClientRequest request, const Limits& limits, Secure secure, Done done)
    : loop_(loop),
      request_(std::move(request)),
      secure_(std::move(secure)),
      done_(std::move(done)),
      response_(limits.largest) {
    loop_.timers().arm(*this, limits.timeout_ms);
    connector_ = std::make_unique<net::Connector>(loop_, static_cast<net::ConnectorObserver&>(*this),
                                                  limits.timeout_ms);
    connector_->connect_tcp(request_.url.host, request_.url.port);
}

ClientCall::~ClientCall() {
    drop_connection();
}

void ClientCall::drop_connection() {
    connector_.reset();
    if (!reader_) return;
    Reader& reader = *std::exchange(reader_, nullptr);
    reader.detach();
    reader.connection().close(CloseReason::ResponseEnd);
}

void ClientCall::on_connect_failed(const Error& error) {
    finish(error);
}

void ClientCall::on_connected(FileDescriptor socket, const net::Address& peer) {
    std::unique_ptr<net::Transport> transport = std::make_unique<net::SocketTransport>(std::move(socket));
    if (request_.url.secure) transport = secure_(std::move(transport), request_.url.host);
    auto* connection = new net::Connection(loop_, std::move(transport), peer, nobody);
    auto reader = std::make_unique<Reader>(*connection, *this);
    reader_ = reader.get();
    connection->start(std::move(reader));
    if (reader_ && !connection->handshaking()) send_request();  // else it could not start, and has said so
}

std::string ClientCall::request_head() const {
    std::string text = request_.body.empty() ? "GET " : "POST ";
    text.append(request_.url.target).append(" HTTP/1.1\r\nHost: ").append(request_.url.authority());
    text +=
        "\r\nUser-Agent: marmoset\r\nAccept: application/json\r\nAccept-Encoding: identity\r\nConnection: "
        "close\r\n";
    if (!request_.authorization.empty())
        text.append("Authorization: ").append(request_.authorization).append("\r\n");
    if (!request_.body.empty()) {
        text.append("Content-Type: ").append(request_.content_type);
        text.append("\r\nContent-Length: ").append(std::to_string(request_.body.size())).append("\r\n");
    }
    return text += "\r\n";
}

void ClientCall::send_request() {
    net::Connection& connection = reader_->connection();
    connection.write_copy(as_bytes(request_head()));
    connection.write_copy(as_bytes(request_.body));
}

void ClientCall::on_bytes(Bytes data) {
    advance(response_.feed(data));
}

void ClientCall::on_end_of_stream() {
    advance(response_.end());
}

void ClientCall::on_lost(CloseReason) {
    const std::string tls = reader_->connection().transport().error();
    finish(Error{tls.empty() ? "the connection was lost" : "TLS: " + tls, EPROTO});
}

void ClientCall::on_timer() {
    finish(errno_error("ask", request_.url.authority(), ETIMEDOUT));
}

void ClientCall::advance(ResponseReader::State state) {
    if (state == ResponseReader::State::More) return;
    if (state == ResponseReader::State::Bad) {
        finish(Error{response_.error(), EPROTO});
        return;
    }
    finish(ClientAnswer{response_.status(), response_.content_type(), response_.take_body()});
}

void ClientCall::finish(Result<ClientAnswer> result) {
    if (finished_) return;
    finished_ = true;
    result_ = std::move(result);
    loop_.timers().disarm(*this);
    if (reader_) {
        reader_->detach();
        net::Connection& connection = std::exchange(reader_, nullptr)->connection();
        if (!connection.closing()) connection.close(CloseReason::ResponseEnd);
    }
    loop_.at_turn_end(*this);
}

void ClientCall::on_turn_end() {
    connector_.reset();
    const Done done = std::move(done_);
    done(std::move(result_));
}

}  // namespace marmoset::http
