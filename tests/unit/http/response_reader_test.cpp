// Responses as their client reads them: framing, limits, and what is refused.
#include "http/response_reader.h"

#include <gtest/gtest.h>

namespace marmoset::http {
namespace {

using State = ResponseReader::State;

struct Outcome {
    State state;
    unsigned status;
    std::string body, error;
};

Outcome read(std::string_view text, bool ends = false, size_t largest = 100, size_t piece = SIZE_MAX) {
    ResponseReader reader(largest);
    State state = State::More;
    while (!text.empty() && state == State::More) {
        const std::string_view part = text.substr(0, piece);
        state = reader.feed(as_bytes(part));
        text.remove_prefix(part.size());
    }
    if (ends && state == State::More) state = reader.end();
    return {state, reader.status(), state == State::Complete ? reader.take_body() : "",
            reader.error() ? reader.error() : ""};
}

void expect_body(std::string_view text, std::string_view body, bool ends = false) {
    for (const size_t piece : {SIZE_MAX, size_t{1}, size_t{7}}) {
        const Outcome outcome = read(text, ends, 100, piece);
        EXPECT_EQ(State::Complete, outcome.state) << text << outcome.error;
        EXPECT_EQ(body, outcome.body) << text;
    }
}

TEST(ResponseReader, EveryFraming) {
    expect_body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc");
    expect_body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", "abc");
    expect_body("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "");
    expect_body(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nT: v\r\n\r\n",
        "abc");
    expect_body("HTTP/1.0 200 OK\r\n\r\nabc", "abc", true);
    expect_body("HTTP/1.1 204 No Content\r\n\r\n", "");
    expect_body(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 400 No\r\n"
        "Content-Length: 2\r\n\r\nno",
        "no");
}

TEST(ResponseReader, StatusAndType) {
    ResponseReader reader(10);
    EXPECT_EQ(State::Complete,
              reader.feed(as_bytes("HTTP/1.1 404 Not Found\r\nContent-Type: application/json ; "
                                   "charset=utf-8\r\nContent-Length: 0\r\n\r\n")));
    EXPECT_EQ(404u, reader.status());
    EXPECT_EQ("application/json", reader.content_type());
}

TEST(ResponseReader, TooMuch) {
    const std::string large(101, 'x');
    for (const std::string& text :
         {std::string("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"), "HTTP/1.0 200 OK\r\n\r\n" + large,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + large}) {
        for (const size_t piece : {SIZE_MAX, size_t{1}}) {
            const Outcome outcome = read(text, false, 100, piece);
            EXPECT_EQ(State::Bad, outcome.state) << text;
            EXPECT_EQ("the answer is too large", outcome.error);
        }
    }
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_EQ(State::Bad, read(many).state);
    EXPECT_EQ(State::Bad,
              read("HTTP/1.1 200 OK\r\nA: " + std::string(ResponseReader::kLargestHead, 'x')).state);
}

TEST(ResponseReader, WhatCanNotBeBelieved) {
    for (const char* text :
         {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "SSH-2.0-x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nbad\r\n\r\n"})
        EXPECT_EQ(State::Bad, read(text, true).state) << text;
    for (const char* text : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}) {
        EXPECT_EQ(State::More, read(text).state) << text;
        EXPECT_EQ("the answer ends too early", read(text, true).error) << text;
    }
}

}  // namespace
}  // namespace marmoset::http
