// Request lines and header lines as RFC 9112 has them, and the shapes that smuggle.
#include "http/head_check.h"

#include <gtest/gtest.h>

#include <string>

namespace marmoset::http {
namespace {

unsigned line_status(std::string_view line) {
    RequestLine out;
    return parse_request_line(line, 8192, out);
}

TEST(RequestLine, IsSplit) {
    RequestLine line;
    ASSERT_EQ(0u, parse_request_line("GET /a?b HTTP/1.1", 8192, line));
    EXPECT_EQ("GET", line.method);
    EXPECT_EQ("/a?b", line.target);
    EXPECT_EQ("HTTP/1.1", line.version);
    ASSERT_EQ(0u, parse_request_line("GET /", 8192, line));
    EXPECT_EQ("", line.version);
}

TEST(RequestLine, RefusesWithTheRightStatus) {
    EXPECT_EQ(400u, line_status(""));
    EXPECT_EQ(400u, line_status("GET"));
    EXPECT_EQ(400u, line_status(" / HTTP/1.1"));
    EXPECT_EQ(400u, line_status("GET  HTTP/1.1"));
    EXPECT_EQ(400u, line_status("G(T / HTTP/1.1"));
    EXPECT_EQ(400u, line_status("GET / HTTP/1.1 "));
    EXPECT_EQ(400u, line_status("GET / http/1.1"));
    EXPECT_EQ(400u, line_status("GET / HTTP/11"));
    EXPECT_EQ(400u, line_status("GET / HTTP/1.x"));
    EXPECT_EQ(505u, line_status("GET / HTTP/2.0"));
    EXPECT_EQ(505u, line_status("GET / HTTP/0.9"));
    EXPECT_EQ(501u, line_status("BREW / HTTP/1.1"));
    EXPECT_EQ(501u, line_status("get / HTTP/1.1"));
    RequestLine line;
    EXPECT_EQ(414u, parse_request_line("GET /" + std::string(100, 'x') + " HTTP/1.1", 100, line));
    EXPECT_EQ(0u, parse_request_line("GET /" + std::string(99, 'x') + " HTTP/1.1", 100, line));
}

TEST(HeaderLines, Accepts) {
    EXPECT_EQ(0u, check_header_lines("\r\n", 100));
    EXPECT_EQ(0u, check_header_lines("Host: a\r\nX-Empty:\r\nTab:\tvalue\r\nUtf8: \xc3\xa4\r\n\r\n", 100));
}

TEST(HeaderLines, RefusesWhatServersReadDifferently) {
    EXPECT_EQ(400u, check_header_lines("", 100));
    EXPECT_EQ(400u, check_header_lines("Host: a\r\n", 100));
    EXPECT_EQ(400u, check_header_lines("Host: a\n\r\n", 100));
    EXPECT_EQ(400u, check_header_lines("Host: a\r\n folded\r\n\r\n", 100));
    EXPECT_EQ(400u, check_header_lines("Host : a\r\n\r\n", 100));
    EXPECT_EQ(400u, check_header_lines(" Host: a\r\n\r\n", 100));
    EXPECT_EQ(400u, check_header_lines(": a\r\n\r\n", 100));
    EXPECT_EQ(400u, check_header_lines("Host\r\n\r\n", 100));
    EXPECT_EQ(400u, check_header_lines("Host: a\rb\r\n\r\n", 100));
    EXPECT_EQ(400u, check_header_lines(std::string_view("Host: a\0b\r\n\r\n", 13), 100));
    EXPECT_EQ(400u, check_header_lines("Host: a\x7f\r\n\r\n", 100));
    EXPECT_EQ(400u, check_header_lines("Host: a\r\n\r\nmore", 100));
}

TEST(HeaderLines, AreCounted) {
    EXPECT_EQ(0u, check_header_lines("A: 1\r\nB: 2\r\n\r\n", 2));
    EXPECT_EQ(431u, check_header_lines("A: 1\r\nB: 2\r\nC: 3\r\n\r\n", 2));
}

TEST(HeadEnd, IsFoundWhereverTheBytesWereCut) {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t cut = 0; cut < head.size(); ++cut) {
        EXPECT_EQ(0u, find_head_end(std::string_view(head).substr(0, cut), 0)) << cut;
        EXPECT_EQ(head.size(), find_head_end(head + "next", cut)) << cut;
    }
}

}  // namespace
}  // namespace marmoset::http
