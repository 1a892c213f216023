// HTTP on a TLS port.
#include "tls/plain_http.h"

#include <gtest/gtest.h>

#include <string>

namespace marmoset::tls {
namespace {

TEST(PlainHttp, RequestsBeginWithLetters) {
    for (const std::string_view text : {"GET / HTTP/1.1\r\n", "G", "propfind", "\r\nGET"})
        EXPECT_TRUE(is_plain_http(as_bytes(text))) << text;
    for (const std::string_view text : {"\x16\x03\x01", "\x15\x03\x03", "\x80\x2e\x01", "1", " GET"})
        EXPECT_FALSE(is_plain_http(as_bytes(text))) << text;
    const uint8_t zero[] = {0};
    EXPECT_FALSE(is_plain_http(zero));
}

TEST(PlainHttp, TheAnswerIsWhole) {
    const std::string_view answer = plain_http_answer(as_bytes("GET / HTTP/1.1\r\n"));
    const size_t body = answer.find("\r\n\r\n") + 4;
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 "));
    EXPECT_NE(std::string_view::npos,
              answer.find("Content-Length: " + std::to_string(answer.size() - body) + "\r\n"));
    EXPECT_EQ(answer.substr(0, body), plain_http_answer(as_bytes("HEAD / HTTP/1.1\r\n")));
}

}  // namespace
}  // namespace marmoset::tls
