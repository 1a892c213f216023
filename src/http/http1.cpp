#include "http/http1.h"

#include <algorithm>

#include "base/text.h"
#include "http/head_check.h"

namespace marmoset::http {

namespace {

// How long an idle connection is kept when others have taken over: a client in the middle of its work sends
// its next request by then, and is told with the answer instead of losing it to the close (RFC 9112 9.5).
constexpr uint64_t kDrainIdleMs = 2000;

}  // namespace

Http1::Http1(net::Connection& connection, Service& service) : net::Protocol(connection), service_(service) {
    connection.set_deadline(service_.limits.header_timeout_ms);
}

Http1::~Http1() {
    if (exchange_) release_exchange(true);
}

// ---- bytes in -------------------------------------------------------------------------------------------

void Http1::on_bytes(MutableBytes data) {
    if (state_ == State::Ended) return;
    if (state_ == State::Waiting) {
        // Pipelined behind a request that is being answered: kept, and nothing more is read until it has
        // been.
        partial_.append(as_text(data));
        connection().pause(net::ReadPause::Exchange);
        return;
    }
    consume(data);
}

void Http1::consume(Bytes data) {
    consuming_ = true;
    while (!data.empty() && (state_ == State::Head || state_ == State::Body)) {
        if (state_ == State::Head && connection().blocked()) {
            connection().pause(net::ReadPause::Output);  // answers pile up: read on when they have left
            break;
        }
        if (holds_body()) {
            connection().pause(net::ReadPause::Exchange);
            break;
        }
        data = data.subspan(state_ == State::Head ? consume_head(data) : consume_body(data));
    }
    consuming_ = false;
    if (connection().ending() || state_ == State::Ended) return;
    if (!data.empty()) partial_.append(as_text(data));
    arm_deadline();
}

size_t Http1::consume_head(Bytes data) {
    std::string_view bytes = as_text(data);
    if (partial_.empty()) {
        // RFC 9112 2.2: empty lines before the request line are ignored.
        size_t skipped = 0;
        while (bytes.substr(skipped).starts_with("\r\n"))
            skipped += 2;
        if (skipped > 0) {
            skipped_empty_ = true;
            return skipped;
        }
        const size_t end = find_request_end(bytes, 0);
        if (end == 0) {
            if (refused_early(bytes)) return data.size();
            partial_.assign(bytes);
            head_started_ = true;
            return data.size();
        }
        if (end > service_.limits.header_size && refused_early(bytes.substr(0, end))) return data.size();
        begin_exchange(bytes.substr(0, end));
        return end;
    }
    const size_t before = partial_.size();
    if (partial_ == "\r" && bytes.front() == '\n') {  // an empty line before the request, its halves apart
        partial_.clear();
        skipped_empty_ = true;
        return 1;
    }
    // Never more than the limit is gathered; what a complete head leaves over is taken back.
    const size_t taken = std::min(
        bytes.size(), service_.limits.header_size + 4 - std::min(before, service_.limits.header_size));
    partial_.append(bytes.substr(0, taken));
    const size_t end = find_request_end(partial_, before);
    if (end == 0 || end > service_.limits.header_size) {
        refused_early(partial_);  // refuses for certain when the head is complete but too large
        return taken;
    }
    const size_t left = partial_.size() - end;
    std::string head = std::move(partial_);
    partial_.clear();
    head.resize(end);
    begin_exchange(head);
    if (exchange_) exchange_->request.retain();
    return taken - left;
}

// Position behind the head, 0 if it is not complete. `from` as find_head_end() has it.
size_t Http1::find_request_end(std::string_view bytes, size_t from) const {
    if (service_.limits.http09) {
        // A simple request is one line of two words (RFC 1945 5): its end does not wait for what may follow.
        const size_t line_end = bytes.find("\r\n");
        const std::string_view line = bytes.substr(0, line_end);
        if (line_end != std::string_view::npos && line.rfind(' ') == line.find(' ')) return line_end + 2;
    }
    return find_head_end(bytes, from);
}

// True when an incomplete head can't become a good one; the request is refused then. A peer that speaks no
// HTTP at all (TLS on a plain port) is not waited for.
bool Http1::refused_early(std::string_view bytes) {
    const size_t line_end = bytes.find("\r\n");
    if (line_end == std::string_view::npos) {
        std::string_view start = bytes;
        if (start.ends_with('\r')) start.remove_suffix(1);  // may be half of the line's end
        if (const unsigned status = check_line_start(start, service_.limits.request_line); status != 0) {
            refuse(status, status == 414 ? "target too long" : "not an HTTP request line");
            return true;
        }
    }
    Method method = Method::Other;  // HEAD is refused without a body, too
    if (line_end != std::string_view::npos) {
        // Judged as soon as it is there: nothing that follows can mend it.
        RequestLine line;
        const unsigned status =
            parse_request_line(bytes.substr(0, line_end), service_.limits.request_line, line);
        if (status == 0) method = parse_method(line.method);
        if (status != 0 || (line.version.empty() && !service_.limits.http09)) {
            refuse(status != 0 ? status : 400, "bad request line", method);
            return true;
        }
    }
    if (bytes.size() > service_.limits.header_size) {
        const bool long_line = line_end == std::string_view::npos;
        refuse(long_line ? 414 : 431, long_line ? "target too long" : "header block too large", method);
        return true;
    }
    return false;
}

size_t Http1::consume_body(Bytes data) {
    const Parser::Body body =
        parser_.feed_body(data, service_.limits.body_size, service_.limits.header_size, on_body_piece, this);
    if (connection().ending() || state_ == State::Ended) return data.size();
    if (body.status != 0) {
        if (answered_) {
            count_limit(body.status);
            connection().close_after_output(CloseReason::BadRequest);
            state_ = State::Ended;
        } else {
            refuse(body.status, body.status == 413   ? "body too large"
                                : body.status == 431 ? "too much chunk framing"
                                                     : "bad body framing");
        }
        return data.size();
    }
    if (body.complete) {
        state_ = State::Waiting;
        if (answered_) {
            finish_request();
        } else if (exchange_->body_reader_) {
            BodyReader* reader = std::exchange(exchange_->body_reader_, nullptr);
            apply(reader->on_body_end(*exchange_));
        }
    }
    return body.used;
}

void Http1::on_body_piece(void* self, Bytes piece) {
    auto& http = *static_cast<Http1*>(self);
    if (!http.exchange_ || !http.exchange_->body_reader_) return;
    const Verdict verdict = http.exchange_->body_reader_->on_body(*http.exchange_, piece);
    if (verdict.kind == Verdict::Wait) return;
    http.exchange_->body_reader_ = nullptr;
    http.apply(verdict);
}

// ---- time and ends --------------------------------------------------------------------------------------

void Http1::continue_pending() {
    if (connection().ending() || (state_ != State::Head && state_ != State::Body)) return;
    connection().resume(net::ReadPause::Exchange);
    const std::string behind = std::move(partial_);
    partial_.clear();
    if (behind.empty()) {
        arm_deadline();
    } else {
        consume(as_bytes(behind));
    }
    if (!connection().closing() && connection().paused_for(net::ReadPause::Ended) &&
        (state_ == State::Head || state_ == State::Body))
        on_end_of_stream();
}

void Http1::on_output_progress() {
    if (connection().blocked()) {
        arm_deadline();
        return;
    }
    if (service_.stopping && state_ == State::Head && partial_.empty()) {
        on_shutdown();
        return;
    }
    if (connection().paused_for(net::ReadPause::Output)) {
        connection().resume(net::ReadPause::Output);
        continue_pending();
    } else {
        arm_deadline();
    }
}

void Http1::on_output_blocked() {
    arm_deadline();
}

void Http1::arm_deadline() {
    const Limits& limits = service_.limits;
    if (connection().ending()) return;
    if (connection().blocked()) {
        connection().set_deadline(limits.send_timeout_ms);
    } else if (state_ == State::Waiting || holds_body()) {
        connection().clear_deadline();  // the waiting module has its own
    } else if (state_ == State::Body) {
        connection().set_deadline(limits.body_timeout_ms);
    } else if (partial_.empty()) {
        head_started_ = false;
        if (!skipped_empty_) {
            connection().set_deadline(service_.draining ? std::min(limits.keep_alive_ms, kDrainIdleMs)
                                                        : limits.keep_alive_ms);
        }
    } else if (head_started_) {
        // One deadline for the whole head, however slowly its bytes drip (RFC 9110 15.5.9).
        head_started_ = false;
        connection().set_deadline(limits.header_timeout_ms);
    }
}

void Http1::on_deadline() {
    if (connection().blocked()) {
        count(Counter::LimitSendTimeout);
        connection().close(CloseReason::SendTimeout);
    } else if (state_ == State::Body && !answered_) {
        refuse(408, "request body too slow");
    } else if (state_ == State::Body) {
        count(Counter::LimitBodyTimeout);
        connection().close(CloseReason::BodyTimeout);
    } else if (!partial_.empty()) {
        refuse(408, "request head too slow");
    } else {
        count(Counter::LimitKeepAlive);
        connection().close(CloseReason::KeepAliveEnd);
    }
}

void Http1::on_end_of_stream() {
    // Half-closed behind its requests: they are answered first.
    if (state_ == State::Waiting || connection().blocked()) {
        // What is pipelined behind it is answered, too; continue_pending() comes back here.
        if (exchange_ && partial_.empty()) exchange_->response.close = true;
        if (state_ != State::Waiting && !connection().paused_for(net::ReadPause::Output))
            connection().close_after_output(CloseReason::PeerClosed);
        return;
    }
    // continue_pending() comes back here when the waiting module has decided.
    if (state_ == State::Ended || holds_body()) return;
    connection().close_after_output(CloseReason::PeerClosed);
    state_ = State::Ended;
}

void Http1::on_closed(CloseReason) {
    state_ = State::Ended;
    if (exchange_ && !answering_) release_exchange(true);
}

void Http1::on_shutdown() {
    if (state_ == State::Head && partial_.empty() && !connection().blocked()) {
        connection().close_after_output(CloseReason::Shutdown);
        state_ = State::Ended;
    }
}

// A connection without a request yet keeps the time it was given: its client has done nothing but arrive.
void Http1::on_drain() {
    if (used_ && state_ == State::Head && partial_.empty() && !connection().blocked()) arm_deadline();
}

}  // namespace marmoset::http
