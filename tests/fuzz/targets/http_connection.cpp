// HTTP/1 from bytes to requests and back: a connection with everything above it but the modules. In: one byte
// that chooses limits, then what a client sends: pipelined requests, bodies, an upgrade. The bytes come at
// once, then in pieces to a client that reads slowly; requests, bodies and answers must be the same.
#include <vector>

#include "base/text.h"
#include "http/http1.h"
#include "log/access_log.h"
#include "tests/fuzz/support/fuzz.h"
#include "tests/support/scripted_peer.h"

namespace marmoset::fuzz {
namespace {

enum Choice : uint8_t { kHttp09 = 1, kSmallHead = 2, kSmallBody = 4, kDraining = 8, kHttp10 = 16 };

/// Speaks after an upgrade: keeps what it gets.
class Keeper final : public net::Protocol {
  public:
    Keeper(net::Connection& connection, std::string& kept) : net::Protocol(connection), kept_(kept) {}
    void on_bytes(MutableBytes data) override { kept_ += as_text(data); }
    void on_end_of_stream() override {
        kept_ += "<end>";
        connection().close_after_output(CloseReason::PeerClosed);
    }
    void on_deadline() override {}
    void on_closed(CloseReason) override { kept_ += "<closed>"; }
    void on_shutdown() override {}

  private:
    std::string& kept_;
};

/// Answers every request with what it has understood of it; the path says how.
class Mirror final : public http::Handler, public http::BodyReader {
  public:
    std::string seen;    ///< all requests, bodies and ends
    std::string behind;  ///< what came behind an upgrade
    std::vector<http::ExchangeId> waiting;

    http::Verdict on_request(http::Exchange& exchange) override {
        const http::Request& request = exchange.request;
        note(request);
        body_.clear();
        if (request.path.starts_with("/fail")) return http::Verdict::fail(503);
        // Who answers while a body is on its way races with what may be wrong with it, so a body is read
        // first.
        if (request.has_body() && !request.path.starts_with("/quick") && exchange.read_body(this))
            return http::Verdict::wait();
        if (request.path.starts_with("/wait") || (request.path.starts_with("/up") && request.has_upgrade)) {
            waiting.push_back(exchange.id());
            return http::Verdict::wait();
        }
        if (request.path.starts_with("/large")) {
            return exchange.respond(200, "text/plain", std::string(30000, 'l'));
        }
        return exchange.respond(200, "text/plain", request.path);
    }
    http::Verdict on_resume(http::Exchange& exchange, http::Verdict) override {
        note(exchange.request);  // it has its own memory by now
        return exchange.respond(202, "text/plain", body_);
    }
    void on_response(http::Exchange& exchange) override { exchange.response.add("X-Hook", "was here"); }
    void on_done(http::Exchange& exchange, bool aborted) override {
        seen += aborted ? "aborted\n" : "done\n";
        std::erase(waiting, exchange.id());  // lost with its connection, or refused for what its body was
    }

    http::Verdict on_body(http::Exchange& exchange, Bytes piece) override {
        require(!piece.empty(), "no empty piece of a body");
        body_ += as_text(piece);
        // The answer comes before the body's end.
        if (exchange.request.path == "/body/early") return exchange.respond(413, "text/plain", "enough");
        return http::Verdict::wait();
    }
    http::Verdict on_body_end(http::Exchange& exchange) override {
        seen += "body [" + body_ + "]\n";
        note(exchange.request);
        if (exchange.request.path.starts_with("/wait")) {
            waiting.push_back(exchange.id());
            return http::Verdict::wait();
        }
        return exchange.respond(200, "text/plain", body_);
    }

    /// Answers what waits.
    void resume(http::ExchangePool& pool) {
        const std::vector<http::ExchangeId> ids = std::move(waiting);
        waiting.clear();
        for (const http::ExchangeId id : ids) {
            http::Exchange* exchange = pool.find(id);
            require(exchange != nullptr, "an exchange that was not aborted waits for its answer");
            if (exchange->request.path.starts_with("/up")) {
                exchange->upgrade("Upgrade: keeper\r\n",
                                  std::make_unique<Keeper>(exchange->connection(), behind));
            } else {
                exchange->resume(http::Verdict::done());
            }
        }
    }

  private:
    void note(const http::Request& request) {
        const auto put = [this](std::string_view name, std::string_view value) {
            seen.append(name).append("=").append(value).append(" ");
        };
        put("method", request.method_name);
        put("target", request.raw_target);
        put("path", request.path);
        put("query", request.target.query);
        put("host", request.host);
        put("minor", std::to_string(request.minor_version));
        put("flags", std::string{request.http09 ? '9' : '-', request.keep_alive ? 'k' : '-',
                                 request.chunked ? 'c' : '-', request.expects_continue ? 'e' : '-',
                                 request.has_upgrade ? 'u' : '-'});
        put("length", request.content_length ? std::to_string(*request.content_length) : "none");
        for (const http::Header& header : request.headers) {
            require(is_token(header.name), "a header's name is a token");
            require(trim(header.value) == header.value, "a header's value is trimmed");
            put(header.name, header.value);
        }
        require(request.http09 || request.minor_version == 0 || !request.host.empty(), "HTTP/1.1 has a host");
        require(!request.chunked || !request.content_length, "one framing of a body");
        require(
            request.path == "*" || request.path.starts_with('/') || request.method == http::Method::Connect,
            "a path begins with its root");
        require(("/" + request.path + "/").find("/../") == std::string::npos, "no dot segment is left");
        require(request.path.find('\0') == std::string::npos, "no NUL is in a path");
        seen += "\n";
    }

    std::string body_;
};

/// Without the lines that begin so: dates differ from second to second.
std::string without(std::string_view text, std::string_view beginning) {
    std::string out;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, std::min(text.size() - 1, text.find('\n')) + 1);
        if (!line.starts_with(beginning)) out += line;
        text.remove_prefix(line.size());
    }
    return out;
}

struct Outcome {
    std::string seen, received;
};

/// `delays`: for how many turns answers that wait are waited for; nullptr: not at all.
Outcome talk(std::vector<std::vector<uint8_t>> pieces, uint8_t choice, size_t room,
             Random* delays = nullptr) {
    static http::ExchangePool pool;
    static log::AccessLog no_log;
    net::Loop& loop = test::the_loop();
    Mirror mirror;
    http::Service service(loop, pool, mirror, no_log);
    service.limits.http09 = (choice & kHttp09) != 0;
    if ((choice & kSmallHead) != 0) service.limits.header_size = 256;
    service.limits.header_count = 12;
    service.limits.request_line = 100;
    if ((choice & kSmallBody) != 0) service.limits.body_size = 40;
    if ((choice & kHttp10) != 0) service.limits.minor_version = 0;
    service.draining = (choice & kDraining) != 0;

    test::ScriptedPeer peer(loop);
    peer.take_at_most(room);
    peer.send(std::move(pieces));
    peer.end();
    require(peer.connection()->start(std::make_unique<http::Http1>(*peer.connection(), service)),
            "the connection can be polled");
    for (size_t turns = 0; !peer.closed(); ++turns) {
        require(turns < 1000000, "a connection whose client has ended is closed");
        test::turn(loop);
        if (delays == nullptr || delays->below(4) == 0) mirror.resume(pool);
    }
    test::turn(loop);
    require(pool.in_progress() == 0, "no exchange outlives its connection");
    return {mirror.seen + "behind [" + mirror.behind + "]", without(peer.received, "Date: ")};
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    silence_log();
    if (size < 1) return 0;
    const Bytes input(data, size);
    const uint8_t choice = input[0];
    const Bytes sent = input.subspan(1);
    const Outcome whole = talk({exact(sent)}, choice, SIZE_MAX);
    const Outcome pieces = talk(Pieces(input).cut(sent), choice, SIZE_MAX);
    require_equal(whole.seen, pieces.seen, "requests of the whole and of pieces");
    // Whether the end of the stream is seen before an answer or behind it decides on its Connection field.
    require_equal(without(whole.received, "Connection: "), without(pieces.received, "Connection: "),
                  "answers to the whole and to pieces");
    Random delays(input, 3);
    const Outcome slow = talk(Pieces(input, 1).cut(sent), choice, 1 + Random(input, 2).below(2000), &delays);
    require_equal(whole.seen, slow.seen, "requests of a client that reads slowly");
    require_equal(without(whole.received, "Connection: "), without(slow.received, "Connection: "),
                  "answers to a client that reads slowly");
    return 0;
}
