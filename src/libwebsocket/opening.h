// From a URL to an open connection: TLS context, address, proxy, TLS, the websocket handshake. In: a URL and
// Options. Out: a connection with the agreed parameters, or an error. Client only.
#pragma once

#include <memory>
#include <string>

#include "http/response_head.h"
#include "libwebsocket/event_loop.h"
#include "net/connection.h"
#include "net/connector.h"
#include "websocket/client_handshake.h"
#include "websocket/url.h"

namespace marmoset::libwebsocket {

class HeadReader;

/// Who waits for an opening. Told once.
class OpeningObserver {
  public:
    virtual ~OpeningObserver() = default;
    /// The server has agreed. The connection is the observer's from here on: it replaces the protocol in the
    /// call. `rest`: bytes behind the answer.
    virtual void on_opened(net::Connection& connection, const websocket::AnswerVerdict& agreed,
                           const std::string& extensions, MutableBytes rest) = 0;
    /// `tls`: it was the TLS handshake.
    virtual void on_opening_failed(const websocket_client::ErrorEvent& error, bool tls) = 0;
};

class Opening final : public net::Retired, public net::ConnectorObserver {
  public:
    using Options = websocket_client::Options;
    using SocketError = websocket_client::SocketError;

    /// All references outlive the opening. `connection_observer` is that of the connection that on_opened()
    /// tells of. Begins at once; the observer is never called from within.
    Opening(websocket_client::EventLoop::Implementation& events, OpeningObserver& observer,
            net::ConnectionObserver& connection_observer, const websocket::Url& url,
            std::vector<std::string> protocols, const Options& options);
    ~Opening() override { cancel(); }
    /// Gives up what is under way; nothing is told any more.
    void cancel();

    // Of the head reader.
    /// A whole head has come; `rest` lies behind it. False: it was an interim one, read on.
    bool on_head(std::string_view head, MutableBytes rest);
    void on_secured();
    void on_deadline();
    /// The connection is closing, or the peer has ended it.
    void on_lost(CloseReason reason);
    void on_head_too_large();

  private:
    // net::ConnectorObserver
    void on_connected(FileDescriptor socket, const net::Address& peer) override;
    void on_connect_failed(const Error& error) override;

    void load_tls();
    void connect();
    void converse(std::unique_ptr<net::Transport> transport, const net::Address& peer,
                  net::ConnectionObserver& observer);
    void send_request();
    void drop_reader();
    bool on_proxy_head(const http::ResponseHead& head, MutableBytes rest);
    bool on_server_head(const http::ResponseHead& head, MutableBytes rest);
    void fail(SocketError error, std::string message, unsigned http_status = 0, bool tls = false);
    void trace(websocket_client::TraceEvent::Kind kind, std::string_view text, bool sent);
    const char* peer_name() const { return to_proxy_ ? "the proxy" : "the server"; }

    websocket_client::EventLoop::Implementation& events_;
    OpeningObserver& observer_;
    net::ConnectionObserver& connection_observer_;
    const websocket::Url& url_;
    const Options& options_;
    websocket::Url proxy_;  // host empty: none
    websocket::ClientHandshake asked_;
    std::shared_ptr<const tls::mbedtls::Context> tls_;
    std::shared_ptr<Opening*> alive_;  // what runs in the thread pool finds out whether we are still there
    std::unique_ptr<net::Connector> connector_;
    HeadReader* reader_ = nullptr;  // owned by its connection
    bool to_proxy_ = false;         // what is being spoken to
    bool done_ = false;             // the observer has been told
};

}  // namespace marmoset::libwebsocket
