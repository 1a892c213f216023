// A connection's requests, whole and in pieces: where a read ends means nothing.
#include "http/http1.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "log/access_log.h"
#include "tests/support/scripted_peer.h"

namespace marmoset::http {
namespace {

/// Answers with the path; "/later" waits until the test resumes it, and "/body" wants the body only then.
class PathHandler final : public Handler, private BodyReader {
  public:
    Verdict on_request(Exchange& exchange) override {
        if (exchange.request.path != "/later" && exchange.request.path != "/body")
            return exchange.respond(200, "text/plain", exchange.request.path);
        waiting.push_back(&exchange);
        return Verdict::wait();
    }
    Verdict on_resume(Exchange& exchange, Verdict) override {
        if (exchange.request.path != "/body") return exchange.respond(200, "text/plain", "now");
        body_.clear();
        EXPECT_TRUE(exchange.read_body(this));
        return Verdict::wait();
    }
    void on_response(Exchange&) override {}
    void on_done(Exchange& exchange, bool) override { std::erase(waiting, &exchange); }

    std::vector<Exchange*> waiting;

  private:
    Verdict on_body(Exchange&, Bytes piece) override {
        body_.append(as_text(piece));
        return Verdict::wait();
    }
    Verdict on_body_end(Exchange& exchange) override { return exchange.respond(200, "text/plain", body_); }

    std::string body_;
};

class Http1Test : public testing::Test {
  protected:
    /// The statuses and bodies that `pieces` are answered with; the client ends its side behind them. `room`:
    /// bytes it takes at a time.
    std::string talk(const std::vector<std::string>& pieces, size_t room = SIZE_MAX) {
        Service service(test::the_loop(), exchanges_, handler_, log_);
        service.limits = limits;
        test::ScriptedPeer peer(test::the_loop());
        peer.take_at_most(room);
        for (const std::string& piece : pieces)
            peer.send(std::vector<uint8_t>(piece.begin(), piece.end()));
        peer.end();
        EXPECT_TRUE(peer.connection()->start(std::make_unique<Http1>(*peer.connection(), service)));
        for (int turns = 0; !peer.closed() && turns < 100000; ++turns) {
            test::turn(test::the_loop());
            // Late: everything that the client has sent is there.
            if (turns < 5 || handler_.waiting.empty()) continue;
            unread_when_resumed = peer.unread();
            Exchange* exchange = handler_.waiting.front();
            handler_.waiting.erase(handler_.waiting.begin());
            exchange->resume(Verdict::done());
        }
        EXPECT_TRUE(peer.closed());
        return answers(peer.received);
    }
    std::string talk_whole(const std::string& bytes) { return talk({bytes}); }
    std::string talk_bytewise(const std::string& bytes) {
        std::vector<std::string> pieces;
        for (const char byte : bytes)
            pieces.emplace_back(1, byte);
        return talk(pieces);
    }
    /// "200 /a, 400 400 Bad Request\n": a status line's code and the body behind each head; an answer without
    /// a head (HTTP/0.9) as it is.
    static std::string answers(std::string_view received) {
        std::string out;
        while (received.starts_with("HTTP/1.1 ")) {
            const size_t body = received.find("\r\n\r\n") + 4;
            const size_t next = received.find("HTTP/1.1 ", body);
            out.append(out.empty() ? "" : ", ").append(received.substr(9, 3)).append(" ");
            out.append(received.substr(body, next == std::string_view::npos ? next : next - body));
            received.remove_prefix(next == std::string_view::npos ? received.size() : next);
        }
        return out.append(received);
    }

    Limits limits;
    size_t unread_when_resumed = 0;  // pieces

  private:
    ExchangePool exchanges_;
    PathHandler handler_;
    log::AccessLog log_;
};

constexpr const char* kRest = " HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(Http1Test, EmptyLinesMayComeApart) {
    const std::string request = "GET /a" + std::string(kRest);
    EXPECT_EQ(talk_whole("\r\n\r\n" + request), "200 /a");
    EXPECT_EQ(talk({"\r", "\n" + request}), "200 /a");
    EXPECT_EQ(talk({"\r\n\r", "\n\r", "\n" + request + "\r", "\n" + request}), "200 /a, 200 /a");
}

TEST_F(Http1Test, RefusalsDoNotDependOnWhereReadsEnd) {
    limits.request_line = 100;
    limits.header_size = 400;
    const struct {
        std::string bytes;
        const char* answer;
    } cases[] = {
        {std::string(40, 'M') + " /" + kRest, "501 501 Not Implemented\n"},
        {"GET@" + std::string(40, 'M') + " /" + kRest, "400 400 Bad Request\n"},
        {"GET /" + std::string(200, 'x') + kRest, "414 414 URI Too Long\n"},
        {"GET / HTTP/1.1" + std::string(200, ' ') + "\r\n\r\n", "414 414 URI Too Long\n"},
        {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(400, 'x') + "\r\n\r\n",
         "431 431 Request Header Fields Too Large\n"},
        // No body to HEAD, whichever part of it was bad.
        {"HEAD / HTTP/1.1\r\nHost: h\r\nX: " + std::string(400, 'x') + "\r\n\r\n", "431 "},
        {"HEAD /\r\nHost: h\r\n\r\n", "400 "},
        {"CONNECT h:1\r\nHost: h\r\n\r\n", "400 400 Bad Request\n"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(talk_whole(one.bytes), one.answer) << one.bytes;
        EXPECT_EQ(talk_bytewise(one.bytes), one.answer) << one.bytes;
    }
}

TEST_F(Http1Test, ASimpleRequestEndsWithItsLine) {
    limits.http09 = true;
    EXPECT_EQ(talk({"GET /a\r\n"}), "/a");
    const std::string with_fields = "GET /a\r\nHost: h\r\n\r\n";
    EXPECT_EQ(talk_whole(with_fields), "/a");
    EXPECT_EQ(talk_bytewise(with_fields), "/a");
    EXPECT_EQ(talk({"GET /", "a\r\nGET /b" + std::string(kRest)}), "/a");
}

TEST_F(Http1Test, WhoHalfClosesGetsAllAnswersHoweverSlowlyItReads) {
    const std::string later = "GET /later" + std::string(kRest);
    const std::string requests = later + later + "GET /last" + kRest;
    EXPECT_EQ(talk_whole(requests), "200 now, 200 now, 200 /last");
    for (const size_t room : {1, 10, 50, 100, 200})
        EXPECT_EQ(talk({requests}, room), "200 now, 200 now, 200 /last") << room;
}

std::string post(const std::string& path, size_t length, const std::string& sent) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
           sent;
}

TEST_F(Http1Test, ABodyWaitsUntilSomebodyAsksForIt) {
    const std::string request = post("/body", 6, "abcdef");
    const std::string next = "GET /next" + std::string(kRest);
    EXPECT_EQ(talk_whole(request), "200 abcdef");
    EXPECT_EQ(talk_bytewise(request), "200 abcdef");
    EXPECT_EQ(talk_whole(request + request + next), "200 abcdef, 200 abcdef, 200 /next");
    EXPECT_EQ(talk({post("/body", 6, ""), "abc", "def" + next}), "200 abcdef, 200 /next");
    EXPECT_EQ(talk({post("/body", 6, "abc"), "def", next}), "200 abcdef, 200 /next");
    EXPECT_EQ(talk({"POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", "c\r\n",
                    "1\r\nd\r\n0\r\n\r\n" + next}),
              "200 abcd, 200 /next");
    EXPECT_EQ(talk_whole(post("/body", 0, "") + next), "200 , 200 /next");
}

TEST_F(Http1Test, ABodyNobodyAskedForIsThrownAway) {
    const std::string next = "GET /next" + std::string(kRest);
    EXPECT_EQ(talk_whole(post("/later", 6, "abcdef") + next), "200 now, 200 /next");
    EXPECT_EQ(talk({post("/later", 6, "abc"), "def", next}), "200 now, 200 /next");
}

TEST_F(Http1Test, WhoEndsWithinABodyIsNotAnswered) {
    EXPECT_EQ(talk_whole(post("/body", 6, "abc")), "");
    EXPECT_EQ(talk_bytewise(post("/body", 6, "")), "");
}

TEST_F(Http1Test, ABodyThatIsHeldIsNotRead) {
    // Far more than the connection keeps behind a request: the rest stays with the client.
    const std::string piece(32768, 'x');
    std::vector<std::string> pieces(20, piece);
    pieces.insert(pieces.begin(), post("/body", 20 * piece.size(), ""));
    std::string body;
    for (int i = 0; i < 20; ++i)
        body += piece;
    EXPECT_EQ(talk(pieces), "200 " + body);
    EXPECT_GE(unread_when_resumed, 15u);
}

}  // namespace
}  // namespace marmoset::http
