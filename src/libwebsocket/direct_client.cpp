#include "libwebsocket/direct_client.h"

#include <fcntl.h>

#include "libwebsocket/direct_clients.h"
#include "libwebsocket/link.h"
#include "net/socket_transport.h"
#include "websocket/close_code.h"
#include "websocket/utf8.h"

namespace marmoset::libwebsocket {

namespace {

// What a client may send at a time while nothing holds it back.
constexpr size_t kPlenty = 1u << 30;
// Of a message in parts, before they are there.
constexpr size_t kMostReserved = 1u << 20;

}  // namespace

DirectClient::DirectClient(DirectClients& clients, Link& link, Context& context, uint32_t id,
                           std::unique_ptr<ClientInfo> info, const Ref<DirectSettings>& settings,
                           std::optional<websocket::DeflateParameters> deflate)
    : ClientBase(context, std::move(info)),
      clients_(clients),
      link_(&link),
      id_(id),
      settings_(settings),
      deflate_(deflate) {
    clients_.add(*this);
}

DirectClient::~DirectClient() {
    subscriptions_.leave_all(clients_.topics());
}

// ---- the gateway ----------------------------------------------------------------------------------------

void DirectClient::take_handover(Bytes early, FileDescriptor descriptor) {
    if (!descriptor) {
        log::error("a client was lost: too many open descriptors, for client {}", info().id);
        leave_link(websocket::kTryAgainLater);
        give_up(websocket::kTryAgainLater, "too many open descriptors");
        return;
    }
    // The gateway's sockets are non-blocking already; other gateways' may not be.
    fcntl(descriptor.get(), F_SETFL, fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    getpeername(descriptor.get(), reinterpret_cast<sockaddr*>(&address), &size);
    connection_ =
        new net::Connection(context().loop, std::make_unique<net::SocketTransport>(std::move(descriptor)),
                            net::Address::from(reinterpret_cast<sockaddr*>(&address), size), *this);
    net::Connection* connection = connection_;
    std::unique_ptr<websocket::PerMessageDeflate> deflate;
    if (deflate_)
        deflate = std::make_unique<websocket::PerMessageDeflate>(*deflate_, settings_->deflate_contexts());
    auto session = std::make_unique<websocket::Session>(*connection, static_cast<websocket::Endpoint&>(*this),
                                                        settings_->session(), std::move(deflate));
    session_ = session.get();
    if (!connection->start(std::move(session))) return;
    if (early_) send_early();
    if (!in_message()) send_held();
    if (early.empty() || !session_) return;
    // In the loop's buffer for packets, which the session may change.
    session_->on_bytes({const_cast<uint8_t*>(early.data()), early.size()});
    if (!connection->closing()) connection->flush();
}

void DirectClient::take_close(uint16_t code) {
    gateway_is_done_ = true;
    if (waiting()) {
        leave_link(code);
        give_up(code, {});
    } else if (session_) {
        if (code == websocket::kAbnormal) code = websocket::kGoingAway;
        session_->close(code, {}, CloseReason::Shutdown);
    }
}

void DirectClient::link_lost() {
    link_ = nullptr;
    if (waiting()) give_up(websocket::kAbnormal, "the gateway has gone");
}

void DirectClient::leave_link(uint16_t code) {
    if (link_) link_->end_direct(id_, code, gateway_is_done_);
    link_ = nullptr;
}

void DirectClient::give_up(uint16_t code, std::string_view reason) {
    if (state() != State::Gone) tell_closed(code, reason);
    clients_.remove(*this);
    context().loop.retire(std::unique_ptr<net::Retired>(this));
}

// ---- from the client ------------------------------------------------------------------------------------

size_t DirectClient::receive_credit(const websocket::Session&) const {
    if (paused_ || !connection_ || connection_->unsent() > context().most_waiting(in_parts_)) return 0;
    return kPlenty;
}

void DirectClient::on_message_data(websocket::Session& session, MutableBytes piece, bool binary, bool first,
                                   bool last) {
    if (state() != State::Open) return;
    if (first) delivered_ = false;
    const size_t part_size = context().options.part_size;
    const size_t size = piece.size() + (partial_ ? partial_->size() : 0);
    const bool enough = last || (part_size != 0 && size >= part_size);
    const Part part{binary ? Type::Binary : Type::Text, !delivered_, last};
    if (!partial_ && enough) {
        delivered_ = true;
        in_parts_ = last ? 0 : in_parts_ + piece.size();
        deliver(piece, part, nullptr);
        return;
    }
    if (!partial_) {
        // The frame's header has told how long it is; who never sends it costs addresses only.
        const uint64_t announced = std::min<uint64_t>(session.message_size(), kMostReserved);
        const size_t capacity = std::max<size_t>(piece.size() * 2, announced);
        partial_ = Ref<MessageBuffer>(new MessageBuffer(context().loop, capacity));
    }
    partial_->append(piece);
    if (!enough) return;
    const Ref<MessageBuffer> together = std::move(partial_);
    delivered_ = true;
    in_parts_ = last ? 0 : in_parts_ + together->size();
    deliver(together->bytes(), part, &together);
}

void DirectClient::resume() {
    if (!paused_) return;
    paused_ = false;
    if (session_) session_->resume_receiving();
}

void DirectClient::on_output_progress(websocket::Session& session) {
    if (connection_->unsent() <= context().most_waiting(in_parts_)) session.resume_receiving();
    if (connection_->unsent() == 0) tell_drained();
}

void DirectClient::on_session_end(websocket::Session&, uint16_t code, std::string_view reason, CloseReason) {
    session_ = nullptr;
    partial_ = {};
    leave_link(code);
    if (fail_code_ != 0) {
        tell_closed(fail_code_, fail_reason_);
    } else {
        tell_closed(code, reason);
    }
}

void DirectClient::on_connection_closed(net::Connection&, CloseReason) {
    connection_ = nullptr;
    clients_.remove(*this);
    context().loop.retire(std::unique_ptr<net::Retired>(this));
}

// ---- to the client --------------------------------------------------------------------------------------

void DirectClient::do_accept(std::string_view subprotocol) {
    if (link_) link_->append({0, id_, link::RecordType::Accept, 0, 0}, as_bytes(subprotocol));
}

void DirectClient::do_reject(uint16_t http_status, std::string_view reason) {
    if (link_) link_->reject_direct(id_, http_status, reason);
    link_ = nullptr;
    clients_.remove(*this);
    context().loop.retire(std::unique_ptr<net::Retired>(this));
}

bool DirectClient::do_send(Bytes data, Part part) {
    if (context().loop.memory_exhausted() && (waiting() || connection_->blocked())) {
        fail(websocket::kTryAgainLater, "out of memory for messages");
        return false;
    }
    if (waiting()) {
        early().queue.push(data, part, nullptr);
        return true;
    }
    if (!session_->send(data, part.type == Type::Binary, part.first, part.last)) {
        log::error("send: text that is not UTF-8, for client {}", info().id);
        fail(websocket::kInternalError, "text that is not UTF-8");
        return false;
    }
    if (data.size() > net::OutputGather::kCopyLimit && connection_)
        connection_->flush();  // `data` is the caller's
    if (part.last && !held_.empty()) send_held();
    return state() == State::Open;
}

DirectClient::Early& DirectClient::early() {
    if (!early_) early_ = std::make_unique<Early>(context().loop);
    return *early_;
}

void DirectClient::send_early() {
    const auto early = std::move(early_);
    for (; !early->queue.empty() && session_; early->queue.pop()) {
        const MessageQueue::Front front = early->queue.front();
        if (!session_->send(front.rest, front.part.type == Type::Binary, front.part.first, front.part.last)) {
            session_->close(websocket::kInternalError, "text that is not UTF-8", CloseReason::ServerError);
            return;
        }
        if (connection_) connection_->flush();
    }
    if (early->close_code != 0 && session_)
        session_->close(early->close_code, early->close_reason, CloseReason::ServerClosed);
}

void DirectClient::do_publish(Bytes data, Type type) {
    if (type == Type::Text && !websocket::is_valid_utf8(data)) {
        log::error("publish: text that is not UTF-8, for client {}", info().id);
        fail(websocket::kInternalError, "text that is not UTF-8");
        return;
    }
    publish(clients_.make_frame(data, type), data, type);
}

void DirectClient::publish(const SharedFrame& frame, Bytes message, Type type) {
    if (state() != State::Open) return;
    if (connection_ && connection_->unsent() + frame.bytes.size() > settings_->queue()) {
        connection_->flush();  // what was said in this turn may just not have been tried yet
        if (state() != State::Open) return;
    }
    const bool blocked = waiting() || connection_->blocked() || held_size_ > 0;
    if (blocked && buffered_amount() + held_size_ + frame.bytes.size() > settings_->queue()) {
        if (!settings_->drop_published()) overflow();
        return;
    }
    if (in_message()) {  // RFC 6455 5.4: no other data frame between its frames
        held_.push_back(frame);
        held_size_ += frame.bytes.size();
    } else if (waiting()) {
        early().queue.push(message, {type}, nullptr);
    } else if (session_) {
        session_->send_frames(frame.bytes, frame.owner);
    }
}

// A client that does not read does not answer a Close frame either: nobody waits for that, as in the gateway.
void DirectClient::overflow() {
    if (!session_) {
        fail(websocket::kTryAgainLater, "reads too slowly for what is published");
        return;
    }
    subscriptions_.leave_all(clients_.topics());
    set_state(State::Closing);
    context().loop.at_turn_end(*this);  // on_close is not called from within the program's call
}

void DirectClient::on_turn_end() {
    if (session_) session_->fail(CloseReason::Overflow);
}

void DirectClient::send_held() {
    const std::vector<SharedFrame> held = std::move(held_);
    held_.clear();
    held_size_ = 0;
    for (const SharedFrame& frame : held) {
        if (session_) session_->send_frames(frame.bytes, frame.owner);
    }
}

size_t DirectClient::buffered_amount() const {
    if (early_) return early_->queue.cost();
    return connection_ && connection_->blocked() ? connection_->unsent() : 0;
}

uint64_t DirectClient::credit() const {
    const uint64_t window = context().options.window;
    return window - std::min<uint64_t>(window, connection_ ? connection_->unsent() : 0);
}

void DirectClient::do_close(uint16_t code, std::string_view reason) {
    subscriptions_.leave_all(clients_.topics());
    if (session_) {
        session_->close(code, reason, CloseReason::ServerClosed);
    } else if (waiting()) {
        early().close_code = code;
        early().close_reason = reason;
    }
}

void DirectClient::fail(uint16_t code, const char* reason) {
    if (state() != State::Open) return;
    set_state(State::Closing);
    fail_code_ = code;
    fail_reason_ = reason;
    do_close(code, reason);
}

void DirectClient::shut_down() {
    if (state() == State::Opening) {
        reject(503, "the server is stopping");
    } else if (state() == State::Open) {
        tell_closed(websocket::kGoingAway, {});
        set_state(State::Closing);
        do_close(websocket::kGoingAway, {});
    }
}

void DirectClient::abandon() {
    if (connection_) {
        connection_->close(CloseReason::Shutdown);
    } else {
        link_ = nullptr;
        give_up(websocket::kAbnormal, {});
    }
}

void DirectClient::join(std::string_view topic) {
    if (state() != State::Opening && state() != State::Open) return;
    if (const char* error = describe(subscriptions_.join(clients_.topics(), topic)))
        log::warning("join: {}, for client {}", error, info().id);
}

void DirectClient::leave(std::string_view topic) {
    subscriptions_.leave(clients_.topics(), topic);
}

}  // namespace marmoset::libwebsocket
