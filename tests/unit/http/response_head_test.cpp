// Heads of responses, as strictly read as those of requests.
#include "http/response_head.h"

#include <gtest/gtest.h>

namespace marmoset::http {
namespace {

const char* wrong(std::string_view head, size_t most = 100) {
    ResponseHead parsed;
    return parse_response_head(head, most, parsed);
}

TEST(ResponseHead, StatusReasonAndFields) {
    ResponseHead head;
    ASSERT_EQ(
        parse_response_head(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX:  a \r\nx: b\r\n\r\n", 100, head),
        nullptr);
    EXPECT_EQ(head.status, 101u);
    EXPECT_EQ(head.minor_version, 1u);
    EXPECT_EQ(head.reason, "Switching Protocols");
    EXPECT_EQ(head.joined("UPGRADE"), "websocket");
    EXPECT_EQ(head.joined("x"), "a, b");
    EXPECT_EQ(head.count("X"), 2u);
    EXPECT_EQ(head.joined("y"), "");
}

TEST(ResponseHead, OtherShapes) {
    ResponseHead head;
    EXPECT_EQ(parse_response_head("HTTP/1.0 404 Not Found\r\n\r\n", 100, head), nullptr);
    EXPECT_EQ(head.minor_version, 0u);
    EXPECT_EQ(parse_response_head("HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", 100, head), nullptr);
    EXPECT_EQ(head.status, 200u);
    EXPECT_EQ(head.reason, "");
    EXPECT_EQ(parse_response_head("HTTP/1.1 204\r\n\r\n", 100, head), nullptr);
    EXPECT_EQ(head.status, 204u);
    EXPECT_EQ(parse_response_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 100, head),
              nullptr);
}

TEST(ResponseHead, Refused) {
    for (const char* head :
         {"\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/2 101 x\r\n\r\n", "HTTP/1.1 10 x\r\n\r\n",
          "HTTP/1.1  101 x\r\n\r\n", "HTTP/1.1 1011\r\n\r\n", "HTTP/1.1 abc x\r\n\r\n",
          "HTTP/1.1 101 x\nA: b\n\n", "HTTP/1.1 101 x\r\nA : b\r\n\r\n",
          "HTTP/1.1 101 x\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 101 x\r\n: b\r\n\r\n",
          "HTTP/1.1 101 x\r\nno colon\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n"}) {
        EXPECT_NE(wrong(head), nullptr) << head;
    }
    EXPECT_EQ(wrong("HTTP/1.1 200 x\r\nA: 1\r\nB: 2\r\n\r\n", 2), nullptr);
    EXPECT_NE(wrong("HTTP/1.1 200 x\r\nA: 1\r\nB: 2\r\n\r\n", 1), nullptr);
}

}  // namespace
}  // namespace marmoset::http
