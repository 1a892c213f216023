#include "libwebsocket/web_socket.h"

#include "libwebsocket/socket_errors.h"
#include "log/logger.h"
#include "websocket/utf8.h"

namespace websocket_client {

namespace {

using marmoset::as_bytes;
using marmoset::as_text;
using marmoset::Bytes;
using marmoset::CloseReason;
namespace libwebsocket = marmoset::libwebsocket;
namespace net = marmoset::net;
namespace websocket = marmoset::websocket;

// What a session may deliver at a time: it waits for nobody here.
constexpr size_t kCredit = 1u << 30;
constexpr size_t kMaxControl = 125;
const std::string kNothing;

}  // namespace

SyntaxError::~SyntaxError() = default;
InvalidStateError::~InvalidStateError() = default;
InvalidAccessError::~InvalidAccessError() = default;

// ---- beginning ------------------------------------------------------------------------------------------

WebSocket::Implementation::Implementation(EventLoop::Implementation& events, WebSocket& owner,
                                          const std::string& url, std::vector<std::string> protocols,
                                          Options options)
    : events_(events), owner_(&owner), options_(std::move(options)) {
    auto parsed = websocket::parse_url(url);
    if (!parsed) throw SyntaxError(parsed.error().text);
    address_ = parsed.take();
    url_text_ = address_.text();
    if (!websocket::are_valid_protocols(protocols))
        throw SyntaxError("a subprotocol is no token, or repeated");
    for (const auto& [name, value] : options_.headers) {
        if (!websocket::is_addable_field(name, value))
            throw SyntaxError("header \"" + name + "\" can't be added");
    }
    if (!options_.proxy.empty()) {
        const auto proxy = websocket::parse_proxy_url(options_.proxy);
        if (!proxy) throw SyntaxError("proxy " + proxy.error().text);
    }
    if (options_.user.find(':') != std::string::npos) throw SyntaxError("a user's name holds no colon");
    settings_.role = websocket::Role::Client;
    settings_.max_message = options_.max_message;
    settings_.max_queue = options_.max_queue;
    settings_.ping_ms = options_.ping_interval_ms;
    settings_.close_timeout_ms = options_.close_timeout_ms;
    if (options_.trace) settings_.frames = this;
    events_.sockets.insert(this);
    events_.hold();
    opening_ = std::make_unique<libwebsocket::Opening>(events_, *this, *this, address_, std::move(protocols),
                                                       options_);
}

WebSocket::Implementation::Implementation(EventLoop::Implementation& events, const ServerOptions& options)
    : events_(events) {
    settings_.max_message = options.max_message;
    settings_.max_queue = options.max_queue;
    settings_.ping_ms = options.ping_interval_ms;
    settings_.close_timeout_ms = options.close_timeout_ms;
    events_.sockets.insert(this);
    events_.hold();
}

WebSocket::Implementation::~Implementation() = default;

void WebSocket::Implementation::on_opened(Connection& connection, const websocket::AnswerVerdict& agreed,
                                          const std::string& extensions, MutableBytes rest) {
    events_.loop().retire(std::move(opening_));  // which is calling
    protocol_ = agreed.protocol;
    extensions_ = extensions;
    std::unique_ptr<Deflate> deflate;
    if (agreed.deflate) {
        deflate = std::make_unique<Deflate>(websocket::at_the_clients_end(*agreed.deflate),
                                            events_.deflate_contexts);
    }
    begin_session(connection, std::move(deflate));
    tell("onopen", &WebSocket::onopen);
    take_rest(rest);
}

void WebSocket::Implementation::accept(Connection& connection, std::unique_ptr<WebSocket> own,
                                       std::string url, std::string protocol, std::string extensions,
                                       std::unique_ptr<Deflate> deflate) {
    own_ = std::move(own);
    owner_ = own_.get();
    url_text_ = std::move(url);
    protocol_ = std::move(protocol);
    extensions_ = std::move(extensions);
    begin_session(connection, std::move(deflate));
}

void WebSocket::Implementation::begin_session(Connection& connection, std::unique_ptr<Deflate> deflate) {
    auto session = std::make_unique<Session>(connection, *this, settings_, std::move(deflate));
    connection_ = &connection;
    session_ = session.get();
    state_ = OPEN;
    connection.replace_protocol(std::move(session));
}

void WebSocket::Implementation::take_rest(MutableBytes rest) {
    if (session_ && !rest.empty()) session_->on_bytes(rest);
}

void WebSocket::Implementation::on_opening_failed(const ErrorEvent& error, bool tls) {
    error_ = error;
    has_error_ = true;
    close_event_.code = tls ? TlsHandshakeFailed : AbnormalDisconnection;
    finish();
}

// ---- calls of the program -------------------------------------------------------------------------------

bool WebSocket::Implementation::send(std::string_view data, bool binary) {
    if (state_ == CONNECTING) throw InvalidStateError("send: the connection is not open yet");
    if (!binary && !websocket::is_valid_utf8(as_bytes(data)))
        throw SyntaxError("send: the text is not UTF-8");
    if (state_ != OPEN || !session_->open()) {
        dropped_ += data.size();
        return false;
    }
    [[maybe_unused]] const bool valid = session_->send(as_bytes(data), binary, true, true);
    // A server's payload is not copied behind its header, and the program's memory may go now.
    if (connection_ && data.size() > net::OutputGather::kCopyLimit) connection_->flush();
    return true;
}

bool WebSocket::Implementation::ping(std::string_view payload) {
    if (payload.size() > kMaxControl) throw SyntaxError("ping: more than 125 bytes");
    if (state_ != OPEN || !session_->open()) return false;
    session_->ping(as_bytes(payload));
    return true;
}

void WebSocket::Implementation::close(uint16_t code, std::string_view reason) {
    const bool any = options_.any_close_code || own_;
    if (any ? !websocket::is_sendable_close_code(code) : code != Normal && (code < 3000 || code > 4999))
        throw InvalidAccessError("close: " + std::to_string(code) + " is no code that may be sent");
    if (reason.size() > websocket::kMaxCloseReason)
        throw SyntaxError("close: the reason has more than 123 bytes");
    if (!websocket::is_valid_utf8(as_bytes(reason))) throw SyntaxError("close: the reason is not UTF-8");
    if (state_ == CONNECTING) {
        error_ = {SocketError::Operation, "closed before the connection was open", 0};
        has_error_ = true;
        finish();
    } else if (state_ == OPEN) {
        state_ = CLOSING;
        session_->close(code, reason, CloseReason::CloseHandshake);
    }
}

void WebSocket::Implementation::shut_down() {
    if (state_ != OPEN) return;
    state_ = CLOSING;
    session_->close(GoingAway, {}, CloseReason::CloseHandshake);
}

void WebSocket::Implementation::abandon() {
    owner_ = nullptr;
    if (ended_) {
        free();
    } else if (opening_) {
        finish();
    } else if (connection_ && !finished_) {
        if (session_ && session_->open()) session_->close(GoingAway, {}, CloseReason::CloseHandshake);
        if (connection_) connection_->close_after_output(CloseReason::Shutdown);
    }
}

void WebSocket::Implementation::drop() {
    events_.sockets.erase(this);
    if (owner_) owner_->implementation_ = nullptr;
    owner_ = nullptr;
    if (ended_) {
        free();
    } else if (connection_) {
        connection_->close(CloseReason::Shutdown);
    } else {
        finish();
    }
}

// ---- the session ----------------------------------------------------------------------------------------

// A callback may change the callbacks, or destroy the socket: it runs as a copy.
template <typename Function, typename... Arguments>
void WebSocket::Implementation::tell(const char* name, Function WebSocket::*callback,
                                     const Arguments&... arguments) {
    if (!owner_ || !(owner_->*callback)) return;
    const Function function = owner_->*callback;
    try {
        function(arguments...);
        return;
    } catch (const std::exception& exception) {
        marmoset::log::error("{}: {}", name, exception.what());
    } catch (...) {
        marmoset::log::error("{}: an unknown exception", name);
    }
    if (session_ && session_->open()) session_->fail(CloseReason::InternalError);
}

void WebSocket::Implementation::on_message_data(Session&, MutableBytes piece, bool binary, bool first,
                                                bool last) {
    const std::string_view text = as_text(piece);
    const bool kept = binary && owner_ && owner_->binaryType == BinaryType::Blob;
    if (first && last && !kept) {  // as a rule: no copy
        deliver(text, binary, nullptr);
        return;
    }
    if (first) message_ = std::make_shared<std::string>();
    message_->append(text);
    if (!last) return;
    const auto whole = std::move(message_);
    deliver(*whole, binary, whole);
}

void WebSocket::Implementation::deliver(std::string_view data, bool binary,
                                        const std::shared_ptr<std::string>& memory) {
    // As in the browser: what comes while we are closing has no listener any more.
    if (state_ != OPEN) return;
    MessageEvent event;
    event.data = data;
    event.binary = binary;
    if (binary && owner_ && owner_->binaryType == BinaryType::Blob) event.blob = memory;
    tell("onmessage", &WebSocket::onmessage, event);
}

size_t WebSocket::Implementation::receive_credit(const Session&) const {
    return kCredit;
}

void WebSocket::Implementation::on_output_progress(Session&) {
    if (connection_->unsent() == 0) tell("ondrain", &WebSocket::ondrain);
}

void WebSocket::Implementation::on_pong(Session&, Bytes payload) {
    tell("onpong", &WebSocket::onpong, as_text(payload));
}

void WebSocket::Implementation::on_session_end(Session&, uint16_t code, std::string_view reason,
                                               CloseReason why) {
    session_ = nullptr;
    message_.reset();
    if (state_ == OPEN) state_ = CLOSING;
    if (why == CloseReason::CloseHandshake && code != AbnormalDisconnection) {
        close_event_ = {code, std::string(reason), true};
        return;
    }
    // As in the browser: what we found wrong with the peer is told by onerror, the code is 1006.
    has_error_ = true;
    unanswered_ = why == CloseReason::CloseHandshake;
    error_ = {libwebsocket::error_of_reason(why), marmoset::describe(why).text, 0};
}

void WebSocket::Implementation::on_frame(const websocket::FrameHeader& header, bool sent) {
    TraceEvent event;
    event.sent = sent;
    event.fin = header.fin;
    event.rsv = header.rsv;
    event.opcode = header.opcode;
    event.masked = header.masked;
    event.length = header.length;
    call_guarded("trace", [&] { options_.trace(event); });
}

// ---- the end --------------------------------------------------------------------------------------------

void WebSocket::Implementation::on_connection_closed(Connection&, CloseReason reason) {
    // While opening it is the opening's affair; a server's client begins with its session.
    if (!connection_) return;
    if (unanswered_) {  // our Close frame: why no other came
        error_ = {libwebsocket::error_of_reason(reason), marmoset::describe(reason).text, 0};
    }
    dropped_ += connection_->unsent();
    connection_ = nullptr;
    session_ = nullptr;
    finish();
}

// Told at the end of the turn, never from within a call of the program.
void WebSocket::Implementation::finish() {
    if (finished_) return;
    finished_ = true;
    if (state_ == CONNECTING) state_ = CLOSING;
    if (opening_) {
        opening_->cancel();
        events_.loop().retire(std::move(opening_));
    }
    events_.loop().at_turn_end(*this);
}

void WebSocket::Implementation::on_turn_end() {
    state_ = CLOSED;
    ended_ = true;
    events_.release();
    const bool kept = owner_ != nullptr;
    if (has_error_) tell("onerror", &WebSocket::onerror, error_);
    tell("onclose", &WebSocket::onclose, close_event_);
    if (on_gone) on_gone();
    if (own_) {
        if (owner_) owner_->implementation_ = nullptr;
        owner_ = nullptr;
        own_.reset();
        free();
    } else if (!kept) {
        free();
    }
}

void WebSocket::Implementation::free() {
    events_.sockets.erase(this);
    events_.loop().retire(std::unique_ptr<net::Retired>(this));
}

// ---- the public class -----------------------------------------------------------------------------------

WebSocket::WebSocket(EventLoop& loop, const std::string& url, std::vector<std::string> protocols,
                     Options options)
    : implementation_(
          new Implementation(*loop.implementation_, *this, url, std::move(protocols), std::move(options))) {}

WebSocket::~WebSocket() {
    if (implementation_) implementation_->abandon();
}

bool WebSocket::send(std::string_view text) {
    return implementation_ && implementation_->send(text, false);
}
bool WebSocket::sendBinary(std::string_view data) {
    return implementation_ && implementation_->send(data, true);
}
bool WebSocket::ping(std::string_view payload) {
    return implementation_ && implementation_->ping(payload);
}
void WebSocket::close(uint16_t code, std::string_view reason) {
    if (implementation_) implementation_->close(code, reason);
}

// Without an implementation the loop has gone before the socket.
ReadyState WebSocket::readyState() const {
    return implementation_ ? implementation_->state() : CLOSED;
}
const std::string& WebSocket::url() const {
    return implementation_ ? implementation_->url() : kNothing;
}
const std::string& WebSocket::protocol() const {
    return implementation_ ? implementation_->protocol() : kNothing;
}
const std::string& WebSocket::extensions() const {
    return implementation_ ? implementation_->extensions() : kNothing;
}
uint64_t WebSocket::bufferedAmount() const {
    return implementation_ ? implementation_->buffered_amount() : 0;
}

}  // namespace websocket_client
