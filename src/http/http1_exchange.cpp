// HTTP/1: one exchange, from its complete head to its last byte: asking the handler, sending the answer,
// upgrading, the access log. What feeds it stands in http1.cpp.

#include <cstring>
#include <utility>

#include "http/http1.h"
#include "http/status.h"
#include "log/logger.h"

namespace marmoset::http {

// ---------------------------------------------------------------------------------------------

void Http1::acquire_exchange() {
    exchange_ = &service_.exchanges.acquire();
    exchange_->protocol_ = this;
    exchange_->connection_ = &connection();
    exchange_->service_ = &service_;
    exchange_->started_us = uv_hrtime() / 1000;
    exchange_->remote_ = connection().peer();
    exchange_->secure_ = connection().secure();
}

// Of a request that a trusted proxy passes on: whose it is. False: it was refused.
bool Http1::find_client() {
    Client client{exchange_->remote_, exchange_->secure_};
    if (!http::find_client(*service_.forwarding, exchange_->request, client)) {
        refuse(400, "malformed X-Forwarded-For or Forwarded");
        return false;
    }
    exchange_->remote_ = client.address;
    exchange_->secure_ = client.secure;
    entered_ = service_.client_limit && service_.client_limit->enter(client.address);
    return true;
}

void Http1::begin_exchange(std::string_view head) {
    acquire_exchange();
    count(Counter::Requests);
    answered_ = close_after_ = continue_sent_ = head_started_ = skipped_empty_ = false;
    used_ = true;
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
    const bool proxied = service_.forwarding && service_.forwarding->in_requests(connection().peer());
    if (proxied && !find_client()) return;
    state_ = parser_.in_body() ? State::Body : State::Waiting;
    if (proxied && service_.client_limit && !entered_) {
        exchange_->response.add("Retry-After", "10");
        apply(Verdict::fail(503));
        return;
    }
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
            for (const char* name : {"ETag", "Last-Modified", "Content-Encoding"}) {
                exchange_->response.remove(name);  // of the representation that is not sent
            }
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

// A write may fail at once and close the connection: on_closed() leaves the exchange to us as long as
// answering_ holds.
void Http1::answer() {
    answering_ = true;
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
    answering_ = false;
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
        const fmt::format_int length(response.content_length());
        put({length.data(), length.size()});
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
    count_response(status);
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

void Http1::count_response(unsigned status) {
    count(static_cast<Counter>(static_cast<unsigned>(Counter::Responses1xx) + status / 100 - 1));
    switch (status) {
        case 400:
            return count(Counter::Refusals400);
        case 408:
            return count(Counter::Refusals408);
        case 413:
            return count(Counter::Refusals413);
        case 414:
            return count(Counter::Refusals414);
        case 431:
            return count(Counter::Refusals431);
        case 503:
            return count(Counter::Refusals503);
        default:
            return;
    }
}

// The limit that a request is refused for by `status`.
void Http1::count_limit(unsigned status) {
    switch (status) {
        case 408:
            return count(state_ == State::Body ? Counter::LimitBodyTimeout : Counter::LimitHeaderTimeout);
        case 413:
            return count(Counter::LimitBodySize);
        case 414:
            return count(Counter::LimitRequestLine);
        case 431:
            // Too large a head makes no exchange; one with too many lines was read.
            return count(state_ == State::Head && exchange_ ? Counter::LimitHeaderCount
                                                            : Counter::LimitHeaderSize);
        default:
            return;
    }
}

// Response sent and body read: the next request may come.
void Http1::finish_request() {
    state_ = State::Head;
    answered_ = false;
}

void Http1::release_exchange(bool aborted) {
    Exchange& exchange = *std::exchange(exchange_, nullptr);
    if (std::exchange(entered_, false)) service_.client_limit->leave(exchange.remote_);
    service_.handler.on_done(exchange, aborted);
    service_.exchanges.release(exchange);
}

// Answers without asking the modules, and closes: after a malformed request nothing that follows can be
// trusted. `method`: of a request of which no more is known.
void Http1::refuse(unsigned status, const char* reason, Method method) {
    count_limit(status);
    static log::RateLimit limit;
    if (limit.permit(connection().loop().now())) {
        const net::Address& remote = exchange_ ? exchange_->remote_ : connection().peer();
        log::info("{}: {} {}{}", remote.text(), status, reason, limit.suffix());
    }
    if (!exchange_) {
        acquire_exchange();
        exchange_->request.method = method;
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
    answering_ = true;
    uint8_t* at = output.reserve(status.size() + common.size() + own.size() + fields.size() + 2);
    size_t size = 0;
    for (std::string_view part : {status, common, own, fields, std::string_view("\r\n")}) {
        std::memcpy(at + size, part.data(), part.size());
        size += part.size();
    }
    output.commit(connection, size);
    answering_ = false;
    state_ = State::Ended;
    count_response(101);
    // The connection is this client's from now on, and counted as such until it closes.
    if (!connection.closing() && std::exchange(entered_, false)) connection.set_peer(exchange.remote_);
    release_exchange(false);
    if (connection.closing()) {  // the write failed: the new protocol hears of its end and nothing else
        protocol->on_closed(CloseReason::WriteError);
        connection.loop().retire(std::move(protocol));
        return;
    }
    std::string behind = std::move(partial_);
    connection.replace_protocol(std::move(protocol));  // `this` lives until the end of the turn
    connection.resume(net::ReadPause::Exchange);
    if (!behind.empty()) {
        connection.protocol().on_bytes({reinterpret_cast<uint8_t*>(behind.data()), behind.size()});
    }
    // What happened while the answer was waited for.
    if (!connection.ending() && connection.paused_for(net::ReadPause::Ended))
        connection.protocol().on_end_of_stream();
    if (!connection.ending() && service_.stopping) connection.protocol().on_shutdown();
}

void Http1::log_access() {
    if (!service_.access_log.enabled()) return;
    const Request& request = exchange_->request;
    const Response& response = exchange_->response;
    const std::string remote = exchange_->remote_.host();
    log::AccessRecord record;
    record.remote = remote;
    record.user = exchange_->identity.user;
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
    net::TlsInfo tls;
    if (service_.access_log.tells_tls() && !connection().closing() && connection().transport().encrypted())
        tls = connection().transport().tls_info();
    record.tls = tls.version;
    record.cipher = tls.cipher;
    service_.access_log.append(record);
}

}  // namespace marmoset::http
