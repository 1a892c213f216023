#include "libwebsocket/stream_client.h"

#include <algorithm>
#include <utility>

#include "websocket/close_code.h"
#include "websocket/utf8.h"

namespace marmoset::libwebsocket {

namespace {

// How long an unfinished UTF-8 sequence waits: the rest of a text that was cut by a read is there at once.
constexpr uint64_t kTailMs = 100;

}  // namespace

StreamClient::StreamClient(StreamServer& server, Context& context, net::Connection& connection,
                           std::unique_ptr<ClientInfo> info)
    : ClientBase(context, std::move(info)), Protocol(connection), server_(server) {
    if (context.options.framing == websocket_server::Framing::Lines)
        lines_ = std::make_unique<link::LineReader>(context.options.max_message);
}

void StreamClient::begin() {
    announce();
    if (state() == State::Opening) connection().pause(net::ReadPause::Handshake);
}

// ------------------------------------------------------------------------------------------------------------
// input

size_t StreamClient::read_limit() const {
    return std::max<size_t>(1, std::min(context().options.max_message, context().options.window));
}

void StreamClient::on_bytes(MutableBytes data) {
    if (state() != State::Open) return;
    if (lines_) {
        take_lines(data);
    } else {
        take_bytes(data);
    }
    if (connection().ending()) return;
    // Now, so that what the socket takes at once is not counted as waiting.
    connection().flush();
    if (!connection().closing() && connection().unsent() > context().options.window) {
        connection().pause(net::ReadPause::Output);
    }
}

void StreamClient::take_bytes(MutableBytes data) {
    if (tail_size_ != 0) {
        // The read buffer has room in front of its bytes (Loop::kReadPadding).
        std::copy_n(tail_, tail_size_, data.data() - tail_size_);
        data = {data.data() - tail_size_, data.size() + tail_size_};
        tail_size_ = 0;
        connection().clear_deadline();
    }
    if (!binary_) {
        websocket::Utf8Validator validator;
        binary_ = !validator.feed(data);
        if (!binary_ && !validator.complete()) {
            const size_t whole = websocket::complete_utf8_prefix(data);
            tail_size_ = static_cast<uint8_t>(data.size() - whole);
            std::copy_n(data.data() + whole, tail_size_, tail_);
            data = data.first(whole);
            tail_is_late_ = false;
            connection().set_deadline(kTailMs);
        }
    }
    if (!data.empty()) deliver(data, {binary_ ? Type::Binary : Type::Text}, nullptr);
}

void StreamClient::take_lines(Bytes data) {
    lines_->feed(data);
    Bytes line;
    while (state() == State::Open) {
        if (connection().paused_for(net::ReadPause::Credit)) {  // by the program, in a callback
            const Bytes rest = lines_->untaken();
            std::vector<uint8_t>(rest.begin(), rest.end()).swap(held_);  // `data` may lie in it
            lines_->feed({});
            return;
        }
        const auto status = lines_->next(line);
        if (status == link::LineReader::Status::NeedMore) return;
        if (status == link::LineReader::Status::TooLong) {
            fail(websocket::kMessageTooBig, "line too long");
        } else if (!websocket::is_valid_utf8(line)) {
            fail(websocket::kInvalidPayload, "not UTF-8");
        } else {
            deliver(line, {Type::Text}, nullptr);
        }
    }
}

void StreamClient::resume() {
    connection().resume(net::ReadPause::Credit);
    if (!held_.empty()) context().loop.at_turn_end(*this);
}

void StreamClient::on_turn_end() {
    if (state() != State::Open) {
        tell_closed(fail_code_, {});
        return;
    }
    const std::vector<uint8_t> held = std::move(held_);
    held_.clear();
    take_lines(held);
}

void StreamClient::flush_tail() {
    if (tail_size_ == 0 || state() != State::Open) return;
    const size_t size = tail_size_;
    tail_size_ = 0;
    binary_ = true;
    deliver({tail_, size}, {Type::Binary}, nullptr);
}

// A loop that is late tells of deadlines before it looks at its sockets, where the rest may have been for
// long.
void StreamClient::on_deadline() {
    if (!std::exchange(tail_is_late_, true)) {
        connection().set_deadline(1);
    } else {
        flush_tail();
    }
}

// The peer may have half-closed only, as shell programs do: what it was sent still leaves.
void StreamClient::on_end_of_stream() {
    flush_tail();
    fail_code_ = websocket::kNoStatus;
    if (!connection().closing()) connection().close_after_output(CloseReason::PeerClosed);
    tell_closed(websocket::kNoStatus, {});
}

void StreamClient::on_closed(CloseReason) {
    subscriptions_.leave_all(server_.topics());
    if (state() != State::Gone) set_state(State::Closing);
    // Not now: a failed write inside one of the handler's calls may have closed the connection.
    context().loop.at_turn_end(*this);
}

// -----------------------------------------------------------------------------------------------------------
// output

bool StreamClient::do_send(Bytes data, Part part) {
    if (lines_) {
        const char* what = nullptr;
        if (part.type == Type::Binary) {
            what = "a binary message";
        } else if (!part.first || !part.last) {
            what = "a part of a message";
        } else if (as_text(data).find('\n') != std::string_view::npos) {
            what = "a message of several lines";
        }
        if (what) {
            static log::RateLimit limit;
            if (limit.permit(context().loop.now())) {
                log::warning("send: {} can't travel as a line, for client {}{}", what, info().id,
                             limit.suffix());
            }
            return false;
        }
    }
    if (connection().blocked() && context().loop.memory_exhausted()) {
        fail(websocket::kTryAgainLater, "out of memory for messages");
        return false;
    }
    connection().write_borrowed(data);
    if (lines_) connection().write_copy(as_bytes("\n"));
    if (data.size() > net::OutputGather::kCopyLimit) connection().flush();  // `data` is the caller's
    return state() == State::Open;
}

void StreamClient::do_publish(Bytes data, Type type) {
    const uint64_t queue = context().options.queue;
    if (connection().unsent() + data.size() > queue) {
        connection().flush();  // what was said in this turn may just not have been tried yet
        if (state() != State::Open) return;
        if (connection().blocked() && connection().unsent() + data.size() > queue) {
            static log::RateLimit limit;
            if (limit.permit(context().loop.now()))
                log::warning("publish: client {} reads too slowly{}", info().id, limit.suffix());
            fail(websocket::kTryAgainLater, "reads too slowly for what is published");
            return;
        }
    }
    do_send(data, {type});
}

uint64_t StreamClient::credit() const {
    const uint64_t window = context().options.window;
    return window - std::min<uint64_t>(window, connection().unsent());
}

void StreamClient::on_output_progress() {
    if (connection().unsent() <= context().options.window) connection().resume(net::ReadPause::Output);
    if (connection().unsent() == 0) tell_drained();
}

void StreamClient::do_accept(std::string_view) {
    connection().resume(net::ReadPause::Handshake);
}

void StreamClient::do_reject(uint16_t, std::string_view) {
    connection().close(CloseReason::ServerClosed);
}

void StreamClient::do_close(uint16_t, std::string_view) {
    subscriptions_.leave_all(server_.topics());
    connection().close_after_output(CloseReason::ServerClosed);
}

void StreamClient::fail(uint16_t code, const char*) {
    if (state() != State::Open) return;
    set_state(State::Closing);
    fail_code_ = code;
    connection().close_after_output(CloseReason::ServerClosed);
    context().loop.at_turn_end(*this);
}

void StreamClient::shut_down() {
    if (state() != State::Opening && state() != State::Open) return;
    tell_closed(websocket::kGoingAway, {});
    connection().close_after_output(CloseReason::Shutdown);
}

void StreamClient::join(std::string_view topic) {
    if (state() != State::Opening && state() != State::Open) return;
    if (const char* error = describe(subscriptions_.join(server_.topics(), topic))) {
        log::warning("join: {}, for client {}", error, info().id);
    }
}

void StreamClient::leave(std::string_view topic) {
    subscriptions_.leave(server_.topics(), topic);
}

}  // namespace marmoset::libwebsocket
