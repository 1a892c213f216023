// Heads become requests, bodies pieces; framing that leaves a doubt is refused.
#include "http/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace marmoset::http {
namespace {

class ParserTest : public testing::Test {
  protected:
    unsigned parse(const std::string& head) {
        head_ = head;
        request_.clear();
        return parser_.parse_head(head_, limits_, request_, reason_);
    }
    /// Feeds `body` in pieces of `step` bytes; the content that came out.
    std::string feed(std::string_view body, size_t step) {
        std::string content;
        result_ = {};
        used_ = 0;
        while (used_ < body.size() && !result_.complete && result_.status == 0) {
            const std::string_view piece = body.substr(used_, step);
            result_ = parser_.feed_body(
                as_bytes(piece), limits_.body_size, limits_.header_size,
                [](void* context, Bytes bytes) {
                    static_cast<std::string*>(context)->append(as_text(bytes));
                },
                &content);
            used_ += result_.used;
        }
        return content;
    }

    Limits limits_;
    Parser parser_;
    Request request_;
    std::string head_;
    const char* reason_ = "";
    Parser::Body result_;
    size_t used_ = 0;
};

TEST_F(ParserTest, ReadsARequest) {
    ASSERT_EQ(0u, parse("GET /a%20b/../c?q=1 HTTP/1.1\r\nHost: example.org\r\nX: \t y \t\r\nx: z\r\n\r\n"))
        << reason_;
    EXPECT_EQ(Method::Get, request_.method);
    EXPECT_EQ("/c", request_.path);
    EXPECT_EQ("q=1", request_.target.query);
    EXPECT_EQ("example.org", request_.host);
    EXPECT_EQ("y", request_.header("X"));
    EXPECT_EQ("y, z", request_.joined("x"));
    EXPECT_EQ(2u, request_.count("X"));
    EXPECT_TRUE(request_.keep_alive);
    EXPECT_FALSE(parser_.in_body());
}

TEST_F(ParserTest, ReadsWhatLlhttpWouldRefuse) {
    ASSERT_EQ(0u, parse("GET / HTTP/1.7\r\nHost: a\r\nX: y\r\n\r\n")) << reason_;
    EXPECT_EQ(1u, request_.minor_version);
    EXPECT_EQ("y", request_.header("X"));
    ASSERT_EQ(
        0u, parse("POST / HTTP/1.1\r\nHost:\ta\t\r\nContent-Length:\t5 \t \t\r\nX: \ty\tz\t\r\nY:\t\r\n\r\n"))
        << reason_;
    EXPECT_EQ("a", request_.host);
    EXPECT_EQ(5u, request_.content_length);
    EXPECT_EQ("y\tz", request_.header("X"));
    EXPECT_EQ("", request_.header("Y"));
}

TEST_F(ParserTest, RetainedRequestsOutliveTheirBytes) {
    std::string head = "GET /x?y HTTP/1.1\r\nHost: h\r\nName: value\r\n\r\n";
    ASSERT_EQ(0u, parser_.parse_head(head, limits_, request_, reason_));
    request_.retain();
    std::fill(head.begin(), head.end(), '#');
    EXPECT_EQ("GET", request_.method_name);
    EXPECT_EQ("/x?y", request_.raw_target);
    EXPECT_EQ("y", request_.target.query);
    EXPECT_EQ("h", request_.host);
    EXPECT_EQ("value", request_.header("name"));
}

TEST_F(ParserTest, KnowsWhenTheConnectionPersists) {
    ASSERT_EQ(0u, parse("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_FALSE(request_.keep_alive);
    ASSERT_EQ(0u, parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    EXPECT_TRUE(request_.keep_alive);
    ASSERT_EQ(0u, parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, close\r\n\r\n"));
    EXPECT_FALSE(request_.keep_alive);
    ASSERT_EQ(
        0u,
        parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"));
    EXPECT_TRUE(request_.has_upgrade);
}

TEST_F(ParserTest, RefusesDoubtfulFraming) {
    const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
    EXPECT_EQ(400u, parse(post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"));
    EXPECT_EQ(400u, parse(post + "Content-Length: +1\r\n\r\n"));
    EXPECT_EQ(400u, parse(post + "Content-Length: 1,1\r\n\r\n"));
    EXPECT_EQ(400u, parse(post + "Content-Length: 99999999999999999999\r\n\r\n"));
    EXPECT_EQ(400u, parse(post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"));
    EXPECT_EQ(400u, parse(post + "Transfer-Encoding: chunked, chunked\r\n\r\n"));
    EXPECT_EQ(400u, parse(post + "Transfer-Encoding: chunked, gzip\r\n\r\n"));
    EXPECT_EQ(400u, parse(post + "Transfer-Encoding:\r\n\r\n"));
    EXPECT_EQ(501u, parse(post + "Transfer-Encoding: gzip, chunked\r\n\r\n"));
    EXPECT_EQ(501u, parse(post + "Transfer-Encoding: xchunked\r\n\r\n"));
    EXPECT_EQ(400u, parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"));
    EXPECT_EQ(411u, parse("POST / HTTP/1.0\r\n\r\n"));
    EXPECT_EQ(417u, parse(post + "Expect: the-unexpected\r\n\r\n"));
}

TEST_F(ParserTest, RefusesDoubtfulHosts) {
    EXPECT_EQ(400u, parse("GET / HTTP/1.1\r\n\r\n"));
    EXPECT_EQ(400u, parse("GET / HTTP/1.1\r\nHost:\r\n\r\n"));
    EXPECT_EQ(400u, parse("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(400u, parse("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"));
    EXPECT_EQ(0u, parse("GET http://b:81/x HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ("b:81", request_.host);
}

TEST_F(ParserTest, OldSimpleRequestsOnlyWhereWanted) {
    EXPECT_EQ(400u, parse("GET /\r\n"));
    limits_.http09 = true;
    EXPECT_EQ(0u, parse("GET /\r\n"));
    EXPECT_TRUE(request_.http09);
    EXPECT_EQ(400u, parse("GET /\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(400u, parse("POST /\r\n"));
}

TEST_F(ParserTest, BodiesEndWhereTheyEndWhateverTheCut) {
    const std::string chunked = "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: 1\r\n\r\n";
    const std::string next = "GET / HTTP/1.1\r\n";
    for (size_t step = 1; step <= chunked.size() + next.size(); ++step) {
        ASSERT_EQ(0u, parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
        ASSERT_TRUE(parser_.in_body());
        EXPECT_EQ("hello world", feed(chunked + next, step)) << step;
        EXPECT_TRUE(result_.complete) << step;
        EXPECT_EQ(chunked.size(), used_) << step;
        ASSERT_EQ(0u, parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"));
        EXPECT_EQ("body", feed("body" + next, step)) << step;
        EXPECT_EQ(4u, used_) << step;
    }
}

TEST_F(ParserTest, BodiesHaveLimits) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    limits_.body_size = 8;
    limits_.header_size = 100;
    ASSERT_EQ(0u, parse(head));
    feed("5\r\nhello\r\n4\r\nmore\r\n0\r\n\r\n", 1);
    EXPECT_EQ(413u, result_.status);
    ASSERT_EQ(0u, parse(head));
    feed("fffffffffffffff\r\n", 64);
    EXPECT_EQ(413u, result_.status);
    ASSERT_EQ(0u, parse(head));
    feed("0\r\n" + std::string(400, 'X') + ": y\r\n\r\n", 32);
    EXPECT_EQ(431u, result_.status);
    ASSERT_EQ(0u, parse(head));
    feed("xyz\r\n", 5);
    EXPECT_EQ(400u, result_.status);
}

}  // namespace
}  // namespace marmoset::http
