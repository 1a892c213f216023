#include "http/http1.h"

#include <algorithm>
#include <cstring>

#include "http/head_check.h"
#include "http/status.h"
#include "log/logger.h"

namespace marmoset::http {

Http1::Http1(net::Connection& connection, Service& service) : net::Protocol(connection), service_(service) {
    connection.set_deadline(service_.limits.header_timeout_ms);
}

Http1::~Http1() {
    if (exchange_) release_exchange(true);
}

// ---- bytes in
// -------------------------------------------------------------------------------------------------

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
        if (skipped > 0) return skipped;
        size_t end = find_head_end(bytes, 0);
        if (end == 0 && service_.limits.http09) {
            // A simple request is one line of two words (RFC 1945 5).
            const size_t line = bytes.find("\r\n");
            if (line != std::string_view::npos && bytes.substr(0, line).rfind(' ') == bytes.find(' '))
                end = line + 2;
        }
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
    // Never more than the limit is gathered; what a complete head leaves over is taken back.
    const size_t taken = std::min(
        bytes.size(), service_.limits.header_size + 4 - std::min(before, service_.limits.header_size));
    partial_.append(bytes.substr(0, taken));
    if (before == 1 && partial_ == "\r\n") {
        partial_.clear();
        return taken;
    }
    size_t end = find_head_end(partial_, before);
    if (end == 0 && service_.limits.http09 && partial_.ends_with("\r\n") &&
        std::count(partial_.begin(), partial_.end(), ' ') == 1) {
        end = partial_.size();
    }
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

// True when an incomplete head can't become a good one; the request is refused then. A peer that speaks no
// HTTP at all (TLS on a plain port) is not waited for.
bool Http1::refused_early(std::string_view bytes) {
    const size_t line_end = bytes.find("\r\n");
    if (line_end == std::string_view::npos) {
        const size_t method_end = bytes.find_first_of(" \r\n");
        const std::string_view method = bytes.substr(0, method_end);
        if (method.size() > 32 ||
            !std::all_of(method.begin(), method.end(), [](char c) { return c >= '!' && c <= '~'; })) {
            refuse(400, "not an HTTP request line");
            return true;
        }
        if (bytes.size() > service_.limits.request_line + 64) {
            refuse(414, "target too long");
            return true;
        }
    }
    if (line_end != std::string_view::npos) {
        // Judged as soon as it is there: nothing that follows can mend it.
        RequestLine line;
        const unsigned status =
            parse_request_line(bytes.substr(0, line_end), service_.limits.request_line, line);
        if (status != 0 || (line.version.empty() && !service_.limits.http09)) {
            refuse(status != 0 ? status : 400, "bad request line");
            return true;
        }
    }
    if (bytes.size() > service_.limits.header_size) {
        const bool long_line =
            line_end == std::string_view::npos || line_end > service_.limits.request_line + 64;
        refuse(long_line ? 414 : 431, long_line ? "target too long" : "header block too large");
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

// ---- one exchange
// ---------------------------------------------------------------------------------------------

void Http1::begin_exchange(std::string_view head) {
    exchange_ = &service_.exchanges.acquire();
    exchange_->protocol_ = this;
    exchange_->connection_ = &connection();
    exchange_->service_ = &service_;
    exchange_->started_us = uv_hrtime() / 1000;
    ++service_.counters.requests;
    answered_ = close_after_ = continue_sent_ = head_started_ = false;
    const char* reason = "";
    const unsigned status = parser_.parse_head(head, service_.limits, exchange_->request, reason);
    if (status != 0) {
        refuse(status, reason);
        return;
    }
    if (exchange_->request.content_length.value_or(0) > service_.limits.body_size) {
        refuse(413, "body too large");
        return;
    }
    state_ = parser_.in_body() ? State::Body : State::Waiting;
    apply(service_.handler.on_request(*exchange_));
}

void Http1::on_resume(Exchange& exchange, Verdict verdict) {
    if (&exchange != exchange_ || answered_) return;
    apply(service_.handler.on_resume(exchange, verdict));
    if (!consuming_) continue_pending();
}

void Http1::apply(Verdict verdict) {
    if (!exchange_) return;  // upgraded, or its connection is gone
    switch (verdict.kind) {
        case Verdict::Wait:
            // The answer comes later, the read buffer does not stay.
            exchange_->request.retain();
            if (exchange_->body_reader_ && state_ == State::Waiting) {  // the body it asked for is empty
                apply(std::exchange(exchange_->body_reader_, nullptr)->on_body_end(*exchange_));
            }
            return;
        case Verdict::Fail: {
            exchange_->response.drop_body();
            exchange_->response.status = verdict.status;
            if (!has_no_body(verdict.status)) {
                std::string text = std::to_string(verdict.status);
                text.append(" ").append(reason_phrase(verdict.status)).append("\n");
                exchange_->response.set("Content-Type", "text/plain; charset=utf-8");
                exchange_->response.body_text(text);
            }
            answer();
            return;
        }
        case Verdict::Next:
        case Verdict::Done:
            answer();
            return;
    }
}

void Http1::body_wanted() {
    if (continue_sent_ || !exchange_->request.expects_continue || !parser_.in_body()) return;
    continue_sent_ = true;
    connection().write_copy(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
}

void Http1::answer() {
    service_.handler.on_response(*exchange_);
    const Request& request = exchange_->request;
    Response& response = exchange_->response;
    // A client that waits for 100 and gets a final answer may or may not send its body: the framing is lost
    // (RFC 9110 10.1.1).
    const bool body_in_doubt = parser_.in_body() && request.expects_continue && !continue_sent_;
    const bool close = response.close || !request.keep_alive || service_.draining ||
                       service_.limits.keep_alive_ms == 0 || body_in_doubt;
    write_head(close);
    if (request.method != Method::Head && !has_no_body(response.status)) {
        for (net::OutputItem& item : response.body_) {
            if (item.data && item.size <= net::OutputGather::kCopyLimit) {
                connection().write_copy({item.data, item.size});  // joins the head: one piece, not two
            } else if (item.data) {
                connection().write_shared({item.data, item.size}, std::move(item.owner));
            } else if (item.fd >= 0) {
                connection().write_file(item.fd, item.offset, item.size, std::move(item.owner));
            } else {
                connection().write_copy(as_bytes(
                    std::string_view(response.text_).substr(static_cast<size_t>(item.offset), item.size)));
            }
        }
    }
    finish_exchange(close);
}

void Http1::write_head(bool close) {
    const Request& request = exchange_->request;
    Response& response = exchange_->response;
    if (request.http09) return;
    const std::string_view status = status_line(response.status);
    const std::string_view common = service_.common_fields();
    const std::string_view fields = response.fields();
    net::OutputGather& output = connection().loop().output();
    char* const start =
        reinterpret_cast<char*>(output.reserve(status.size() + common.size() + fields.size() + 128));
    char* at = start;
    const auto put = [&at](std::string_view text) {
        std::memcpy(at, text.data(), text.size());
        at += text.size();
    };
    put(status);
    put(common);
    put(fields);
    // RFC 9110 8.6: no Content-Length in 1xx and 204; in a 304 only the one of the 200.
    if (response.has_content_length() || !has_no_body(response.status)) {
        put("Content-Length: ");
        at = fmt::format_to(at, "{}", response.content_length());
        put("\r\n");
    }
    if (close) {
        put("Connection: close\r\n");
    } else if (request.minor_version == 0) {
        put("Connection: keep-alive\r\n");
    }
    put("\r\n");
    output.commit(connection(), static_cast<size_t>(at - start));
}

void Http1::finish_exchange(bool close) {
    const unsigned status = exchange_->response.status;
    service_.counters.responses_4xx += status >= 400 && status < 500 ? 1 : 0;
    service_.counters.responses_5xx += status >= 500 ? 1 : 0;
    log_access();
    close_after_ = close_after_ || close;
    if (connection().closing()) {  // the write failed
        if (exchange_) release_exchange(true);
        return;
    }
    release_exchange(false);
    answered_ = true;
    if (close_after_) {
        state_ = State::Ended;
        connection().close_after_output(CloseReason::ResponseEnd);
        return;
    }
    if (!parser_.in_body()) finish_request();
}

// Response sent and body read: the next request may come.
void Http1::finish_request() {
    state_ = State::Head;
    answered_ = false;
}

void Http1::release_exchange(bool aborted) {
    Exchange& exchange = *std::exchange(exchange_, nullptr);
    service_.handler.on_done(exchange, aborted);
    service_.exchanges.release(exchange);
}

// Answers without asking the modules, and closes: after a malformed request nothing that follows can be
// trusted.
void Http1::refuse(unsigned status, const char* reason) {
    ++service_.counters.bad_requests;
    static log::RateLimit limit;
    if (limit.permit(connection().loop().now())) {
        log::info("{}: {} {}{}", connection().peer().text(), status, reason, limit.suffix());
    }
    if (!exchange_) {
        exchange_ = &service_.exchanges.acquire();
        exchange_->protocol_ = this;
        exchange_->connection_ = &connection();
        exchange_->service_ = &service_;
        exchange_->started_us = uv_hrtime() / 1000;
        answered_ = close_after_ = false;
    }
    exchange_->request.http09 = false;
    exchange_->response.close = true;
    apply(Verdict::fail(status));
    state_ = State::Ended;
}

void Http1::upgrade(Exchange& exchange, std::string_view fields, std::unique_ptr<net::Protocol> protocol) {
    if (&exchange != exchange_) return;
    net::Connection& connection = this->connection();
    const std::string_view status = status_line(101);
    const std::string_view common = service_.common_fields();
    const std::string_view own = exchange.response.fields();
    net::OutputGather& output = connection.loop().output();
    uint8_t* at = output.reserve(status.size() + common.size() + own.size() + fields.size() + 2);
    size_t size = 0;
    for (std::string_view part : {status, common, own, fields, std::string_view("\r\n")}) {
        std::memcpy(at + size, part.data(), part.size());
        size += part.size();
    }
    output.commit(connection, size);
    release_exchange(false);
    state_ = State::Ended;
    std::string behind = std::move(partial_);
    connection.replace_protocol(std::move(protocol));  // `this` lives until the end of the turn
    connection.resume(net::ReadPause::Exchange);
    if (!behind.empty()) {
        connection.protocol().on_bytes({reinterpret_cast<uint8_t*>(behind.data()), behind.size()});
    }
}

// ---- time and ends
// --------------------------------------------------------------------------------------------

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
    if (!connection().closing() && connection().paused_for(net::ReadPause::Ended) && state_ == State::Head)
        on_end_of_stream();
}

void Http1::on_output_progress() {
    if (connection().blocked()) {
        arm_deadline();
        return;
    }
    if (service_.draining && state_ == State::Head && partial_.empty()) {
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
    } else if (state_ == State::Body) {
        connection().set_deadline(limits.body_timeout_ms);
    } else if (state_ == State::Waiting) {
        connection().clear_deadline();  // the waiting module has its own
    } else if (partial_.empty()) {
        head_started_ = false;
        connection().set_deadline(limits.keep_alive_ms);
    } else if (head_started_) {
        // One deadline for the whole head, however slowly its bytes drip (RFC 9110 15.5.9).
        head_started_ = false;
        connection().set_deadline(limits.header_timeout_ms);
    }
}

void Http1::on_deadline() {
    if (connection().blocked()) {
        connection().close(CloseReason::SendTimeout);
    } else if (state_ == State::Body && !answered_) {
        refuse(408, "request body too slow");
    } else if (state_ == State::Body) {
        connection().close(CloseReason::BodyTimeout);
    } else if (!partial_.empty()) {
        refuse(408, "request head too slow");
    } else {
        connection().close(CloseReason::KeepAliveEnd);
    }
}

void Http1::on_end_of_stream() {
    // Half-closed behind its requests: they are answered first.
    if (state_ == State::Waiting || connection().blocked()) {
        if (exchange_) exchange_->response.close = true;
        if (state_ != State::Waiting) connection().close_after_output(CloseReason::PeerClosed);
        return;
    }
    if (state_ == State::Ended) return;
    connection().close_after_output(CloseReason::PeerClosed);
    state_ = State::Ended;
}

void Http1::on_closed(CloseReason) {
    state_ = State::Ended;
    if (exchange_) release_exchange(true);
}

void Http1::on_shutdown() {
    if (state_ == State::Head && partial_.empty() && !connection().blocked()) {
        connection().close_after_output(CloseReason::Shutdown);
        state_ = State::Ended;
    }
}

void Http1::log_access() {
    if (!service_.access_log.enabled()) return;
    const Request& request = exchange_->request;
    const Response& response = exchange_->response;
    const std::string remote = connection().peer().host();
    log::AccessRecord record;
    record.remote = remote;
    record.user = exchange_->user;
    record.time = connection().loop().wall_seconds();
    record.method = request.method_name;
    record.target = request.raw_target;
    record.protocol = request.http09 ? "HTTP/0.9" : request.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
    record.status = response.status;
    record.bytes_sent =
        request.method == Method::Head || has_no_body(response.status) ? 0 : response.body_size();
    record.referer = request.header("referer");
    record.user_agent = request.header("user-agent");
    record.host = request.host;
    record.duration_us = uv_hrtime() / 1000 - exchange_->started_us;
    service_.access_log.append(record);
}

}  // namespace marmoset::http
