// One WebSocket of either end behind the public class: its states, its session, its events. Lives until both
// its connection has ended and the program has let go of the public object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libwebsocket/event_loop.h"
#include "libwebsocket/opening.h"
#include "websocket/session.h"

namespace websocket_client {

class WebSocket::Implementation final : public marmoset::net::Retired,
                                        public marmoset::net::ConnectionObserver,
                                        private marmoset::net::TurnEnd,
                                        public marmoset::libwebsocket::OpeningObserver,
                                        public marmoset::websocket::Endpoint,
                                        public marmoset::websocket::FrameObserver {
  public:
    using Connection = marmoset::net::Connection;
    using Deflate = marmoset::websocket::PerMessageDeflate;

    /// A client's end: begins to connect. Throws SyntaxError.
    Implementation(EventLoop::Implementation& events, WebSocket& owner, const std::string& url,
                   std::vector<std::string> protocols, Options options);
    /// A server's end, before its handshake is complete.
    Implementation(EventLoop::Implementation& events, const ServerOptions& options);

    /// The server's end is open; `connection` has it as its observer. `own` is the public object, which goes
    /// behind onclose. `deflate` may be null.
    void accept(Connection& connection, std::unique_ptr<WebSocket> own, std::string url, std::string protocol,
                std::string extensions, std::unique_ptr<Deflate> deflate);
    /// Bytes that came behind the handshake.
    void take_rest(marmoset::MutableBytes rest);

    bool send(std::string_view data, bool binary);
    bool ping(std::string_view payload);
    void close(uint16_t code, std::string_view reason);
    /// The public object goes: no event any more.
    void abandon();
    /// Ends at once, without events.
    void drop();
    /// The server stops: 1001.
    void shut_down();
    /// Called when a server's client has ended, before it is freed.
    std::function<void()> on_gone;

    ReadyState state() const { return state_; }
    const std::string& url() const { return url_text_; }
    const std::string& protocol() const { return protocol_; }
    const std::string& extensions() const { return extensions_; }
    uint64_t buffered_amount() const { return dropped_ + (connection_ ? connection_->unsent() : 0); }

    // net::ConnectionObserver
    void on_connection_closed(Connection& connection, marmoset::CloseReason reason) override;

  private:
    using Session = marmoset::websocket::Session;
    using MutableBytes = marmoset::MutableBytes;

    ~Implementation() override;

    // OpeningObserver
    void on_opened(Connection& connection, const marmoset::websocket::AnswerVerdict& agreed,
                   const std::string& extensions, MutableBytes rest) override;
    void on_opening_failed(const ErrorEvent& error, bool tls) override;

    // websocket::Endpoint
    void on_message_data(Session& session, MutableBytes piece, bool binary, bool first, bool last) override;
    size_t receive_credit(const Session& session) const override;
    void on_output_progress(Session& session) override;
    void on_pong(Session& session, marmoset::Bytes payload) override;
    void on_session_end(Session& session, uint16_t code, std::string_view reason,
                        marmoset::CloseReason why) override;

    void on_frame(const marmoset::websocket::FrameHeader& header, bool sent) override;
    void on_turn_end() override;

    void begin_session(Connection& connection, std::unique_ptr<Deflate> deflate);
    void deliver(std::string_view data, bool binary, const std::shared_ptr<std::string>& memory);
    void finish();
    void free();
    template <typename Function, typename... Arguments>
    void tell(const char* name, Function WebSocket::*callback, const Arguments&... arguments);

    EventLoop::Implementation& events_;
    WebSocket* owner_ = nullptr;      // null: the program has let go
    std::unique_ptr<WebSocket> own_;  // of a server's client
    Options options_;
    marmoset::websocket::Url address_;
    marmoset::websocket::SessionSettings settings_;
    std::unique_ptr<marmoset::libwebsocket::Opening> opening_;
    Connection* connection_ = nullptr;  // deletes itself
    Session* session_ = nullptr;        // owned by the connection
    std::string url_text_, protocol_, extensions_;
    std::shared_ptr<std::string> message_;  // being put together
    uint64_t dropped_ = 0;                  // bytes given to send() too late
    CloseEvent close_event_;
    ErrorEvent error_;
    ReadyState state_ = CONNECTING;
    bool has_error_ = false;
    bool unanswered_ = false;  // our Close frame
    bool finished_ = false;    // the end is to be told at the end of the turn
    bool ended_ = false;       // ... and has been, or is being
};

}  // namespace websocket_client
