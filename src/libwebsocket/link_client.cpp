#include "libwebsocket/link_client.h"

#include <algorithm>

#include "websocket/close_code.h"

namespace marmoset::libwebsocket {

using link::message_cost;
using link::RecordType;

namespace {

// A client that takes nothing must not keep its CLOSE from being sent for ever.
constexpr uint64_t kCloseTimeoutMs = 10000;
// A part of a message is at least this long, unless the whole window is smaller: many short records cost more
// than a little patience.
constexpr uint64_t kLeastPart = 4096;
// The buffer of a message in parts begins with what the client's last one needed, up to this much.
constexpr uint32_t kMaxUsualSize = 4u << 20;

}  // namespace

struct LinkClient::Waiting final : net::Timer {
    explicit Waiting(LinkClient& owner) : client(owner), queue(owner.context().loop) {}
    void on_timer() override { client.send_close(close_code, close_reason); }

    LinkClient& client;  // owns this
    MessageQueue queue;
    uint16_t close_code = 0;  // sent when the queue is empty; 0: the client is open
    std::string close_reason;
};

LinkClient::LinkClient(Link& link, Context& context, uint32_t id, std::unique_ptr<ClientInfo> info)
    : ClientBase(context, std::move(info)),
      link_(link),
      credit_(link.peer().window),
      granted_(context.options.window),
      id_(id) {}

LinkClient::~LinkClient() {
    subscriptions_.leave_all(link_.topics());
}

// ------------------------------------------------------------------------------------------------ from the
// gateway

const char* LinkClient::take_message(uint8_t flags, Bytes payload) {
    const uint64_t cost = message_cost(payload.size());
    if (cost > granted_) return "sends more than its credit";
    granted_ -= cost;
    if (state() == State::Opening) return "sends before it was accepted";
    const bool first = (flags & link::kFirst) != 0;
    const bool last = (flags & link::kLast) != 0;
    if (state() != State::Open) return nullptr;  // closed by us: late
    if (first && receiving_) return "begins a message inside another one";
    if (!first && !receiving_) return "goes on with a message that was not begun";
    receiving_ = !last;
    if (first) {
        received_ = 0;
        delivered_ = false;
        receiving_type_ = (flags & link::kBinary) != 0 ? Type::Binary : Type::Text;
    }
    received_ += payload.size();
    if (received_ > context().options.max_message) {
        fail(websocket::kMessageTooBig, "message too big");
        return nullptr;
    }
    take_part(payload, cost, last);
    return nullptr;
}

// Delivered as it is, or put together first: by Options::part_size.
void LinkClient::take_part(Bytes payload, uint64_t cost, bool last) {
    const size_t part_size = context().options.part_size;
    const size_t size = payload.size() + (partial_ ? partial_->size() : 0);
    const bool enough = last || (part_size != 0 && size >= part_size);
    const Part part{receiving_type_, !delivered_, last};
    if (!partial_ && enough) {
        delivered_ = true;
        receive(payload, part, nullptr, cost);
        return;
    }
    if (!partial_) {
        if (context().loop.memory_exhausted()) {
            fail(websocket::kTryAgainLater, "out of memory for messages");
            return;
        }
        const size_t capacity = std::max<size_t>(payload.size() * 2, usual_size_);
        partial_ = Ref<MessageBuffer>(new MessageBuffer(context().loop, capacity));
    }
    partial_->append(payload);
    if (!enough) {
        taken(cost);
        return;
    }
    const Ref<MessageBuffer> together = std::move(partial_);
    usual_size_ = static_cast<uint32_t>(std::min<size_t>(together->size(), kMaxUsualSize));
    delivered_ = true;
    receive(together->bytes(), part, &together, cost);
}

// What goes to the program now, of which the last record cost `cost`.
void LinkClient::receive(Bytes data, Part part, const Ref<MessageBuffer>* buffer, uint64_t cost) {
    if (paused_ || held_ || link_.congested()) {
        if (!held_ && !paused_) link_.wait_for_gateway(*this);
        if (!held_) held_ = std::make_unique<MessageQueue>(context().loop);
        held_->push(data, part, buffer);
        due_ += cost;  // granted when the messages have been delivered
        return;
    }
    deliver(data, part, buffer);
    taken(cost);
}

void LinkClient::taken(uint64_t cost) {
    due_ += cost;
    if (due_ >= context().options.window / 2) grant();
}

// Gives the gateway its credit back, unless the program does not want more or the client does not read what
// we answer.
void LinkClient::grant() {
    if (due_ < context().options.window / 2 || state() != State::Open || paused_ || held_) return;
    if (waiting_) {
        const uint64_t limit = context().loop.memory_exhausted() ? 0 : context().most_waiting(in_parts());
        if (waiting_->queue.cost() > limit) return;
    }
    uint8_t payload[sizeof(uint32_t)];
    const auto bytes = static_cast<uint32_t>(std::min<uint64_t>(due_, UINT32_MAX));
    store<uint32_t>(payload, bytes);
    due_ -= bytes;
    granted_ += bytes;
    link_.append({0, id_, RecordType::Credit, 0, 0}, payload);
}

void LinkClient::take_credit(uint32_t bytes) {
    credit_ += bytes;
    if (waiting_) send_waiting();
}

void LinkClient::take_close(uint16_t code, std::string_view reason) {
    drop_all();
    tell_closed(code, reason);
    link_.append({0, id_, RecordType::Close, 0, websocket::kNormal});
    link_.remove(*this, true);
}

void LinkClient::link_lost() {
    drop_all();
    tell_closed(websocket::kAbnormal, "the gateway has gone");
    link_.remove(*this, true);
}

void LinkClient::shut_down() {
    if (state() == State::Opening) {
        reject(503, "the server is stopping");
    } else if (state() == State::Open) {
        const bool waiting = waiting_ != nullptr;
        if (!waiting) {
            fail(websocket::kGoingAway, "");
            return;
        }
        waiting_->close_code = websocket::kGoingAway;
        tell_closed(websocket::kGoingAway, "");
        set_state(State::Closing);
    }
}

// -------------------------------------------------------------------------------------------------- to the
// gateway

void LinkClient::do_accept(std::string_view subprotocol) {
    link_.append({0, id_, RecordType::Accept, 0, 0}, as_bytes(subprotocol));
    for (const Topic* topic : subscriptions_.list())
        link_.append({0, id_, RecordType::Join, 0, 0}, as_bytes(topic->name));
}

void LinkClient::do_reject(uint16_t http_status, std::string_view reason) {
    const Bytes text = as_bytes(reason.substr(0, link::kMaxTopic));
    drop_all();
    link_.append({0, id_, RecordType::Reject, 0, http_status}, text);
    link_.remove(*this, false);
}

bool LinkClient::do_send(Bytes data, Part part) {
    if (link_.ended()) return false;
    if (part.first) sent_ = 0;
    sent_ += data.size();
    if (sent_ > link_.peer().max_message) {
        log::warning("send: {} bytes are more than the {} the gateway takes, for client {}", sent_,
                     link_.peer().max_message, info().id);
        return false;
    }
    if (!waiting_) {
        bool all = false;
        const size_t sent = send_records(data, part, all);
        if (all) return true;
        data = data.subspan(sent);
        part.first = part.first && sent == 0;
    }
    if (link_.ended()) return false;
    if (context().loop.memory_exhausted()) {
        fail(websocket::kTryAgainLater, "out of memory for messages");
        return false;
    }
    wait_for_credit(data, part);
    return true;
}

// PUBLISH to a topic of its own: it costs no credit, and keeps its place among what else is published. Names
// of programs' topics are texts, and do not begin with a NUL.
void LinkClient::do_publish(Bytes data, Type type) {
    const std::string topic = std::string(1, '\0') + std::to_string(id_);
    if (!subscriptions_.contains(link_.topics().find(topic))) join(topic);
    link_.publish(topic, as_text(data), type, nullptr);
}

size_t LinkClient::send_records(Bytes data, Part part, bool& all) {
    size_t sent = 0;
    for (;;) {
        const size_t rest = data.size() - sent;
        const uint64_t room = credit_ < link::kRecordHeader ? 0 : credit_ - link::kRecordHeader;
        const auto size = static_cast<size_t>(std::min<uint64_t>({rest, room, link::kMaxRecordPayload}));
        all = size == rest && credit_ >= link::kRecordHeader;
        if (!all && size < std::min<uint64_t>(kLeastPart, link_.peer().window / 2 - link::kRecordHeader))
            return sent;
        const bool first = part.first && sent == 0;
        const auto flags =
            static_cast<uint8_t>((part.type == Type::Binary ? link::kBinary : 0) |
                                 (first ? link::kFirst : 0) | (all && part.last ? link::kLast : 0));
        credit_ -= message_cost(size);
        link_.append({0, id_, RecordType::Message, flags, 0}, data.subspan(sent, size));
        sent += size;
        if (all) return sent;
    }
}

void LinkClient::wait_for_credit(Bytes rest, Part part) {
    if (!waiting_) waiting_ = std::make_unique<Waiting>(*this);
    const Ref<MessageBuffer>* delivering = context().delivering;
    const bool shared = delivering && (*delivering)->holds(rest);
    waiting_->queue.push(rest, part, shared ? delivering : nullptr);
}

void LinkClient::send_waiting() {
    MessageQueue& queue = waiting_->queue;
    while (!queue.empty()) {
        const MessageQueue::Front front = queue.front();
        bool all = false;
        const size_t sent = send_records(front.rest, front.part, all);
        if (all) {
            queue.pop();
            continue;
        }
        if (sent != 0) queue.advance(sent);
        grant();
        return;
    }
    if (waiting_->close_code != 0) {
        send_close(waiting_->close_code, waiting_->close_reason);
        return;
    }
    waiting_.reset();
    grant();
    tell_drained();
}

size_t LinkClient::buffered_amount() const {
    return waiting_ ? waiting_->queue.cost() : 0;
}

void LinkClient::do_close(uint16_t code, std::string_view reason) {
    if (!waiting_) {
        send_close(code, reason);
        return;
    }
    // RFC 6455 7.1.1 wants the close behind the data; a client that takes neither is given up in the end.
    waiting_->close_code = code;
    waiting_->close_reason = reason;
    context().loop.timers().arm(*waiting_, kCloseTimeoutMs);
    held_.reset();
}

void LinkClient::send_close(uint16_t code, std::string_view reason) {
    link_.append({0, id_, RecordType::Close, 0, code}, as_bytes(reason));
    drop_all();  // `reason` may lie in it
    link_.remove(*this, false);
}

void LinkClient::drop_all() {
    subscriptions_.leave_all(link_.topics());
    waiting_.reset();
    held_.reset();
    partial_ = {};
}

void LinkClient::fail(uint16_t code, const char* reason) {
    if (state() != State::Open) return;
    set_state(State::Closing);
    fail_code_ = code;
    fail_reason_ = reason;
    link_.defer(*this);
}

// ------------------------------------------------------------------------------------------------- the rest
// of it

void LinkClient::run_deferred() {
    if (fail_code_ != 0) {
        tell_closed(fail_code_, fail_reason_);
        send_close(fail_code_, fail_reason_);
        return;
    }
    deliver_held(false);
    if (held_ && !paused_) link_.wait_for_gateway(*this);
    grant();
}

void LinkClient::deliver_held(bool all) {
    // Moved out: the handler may close the client while it looks at a message that lies in the queue.
    std::unique_ptr<MessageQueue> held = std::move(held_);
    while (held && !held->empty() && !paused_ && state() == State::Open && (all || !link_.congested())) {
        const MessageQueue::Front front = held->front();
        deliver(front.rest, front.part, front.buffer);
        held->pop();
    }
    if (held && !held->empty() && state() == State::Open) held_ = std::move(held);
}

void LinkClient::resume() {
    if (!paused_) return;
    paused_ = false;
    link_.defer(*this);
}

void LinkClient::join(std::string_view topic) {
    if (state() != State::Opening && state() != State::Open) return;
    const Subscriptions::Join result = subscriptions_.join(link_.topics(), topic);
    if (const char* error = describe(result)) {
        log::warning("join: {}, for client {}", error, info().id);
    } else if (result == Subscriptions::Join::Done && state() == State::Open) {
        link_.append({0, id_, RecordType::Join, 0, 0}, as_bytes(topic));
    }
}

void LinkClient::leave(std::string_view topic) {
    if (!subscriptions_.leave(link_.topics(), topic) || state() != State::Open) return;
    link_.append({0, id_, RecordType::Leave, 0, 0}, as_bytes(topic));
}

}  // namespace marmoset::libwebsocket
