// URLs of clients: RFC 6455 3, user information, UNIX sockets, proxies.
#include "websocket/url.h"

#include <gtest/gtest.h>

namespace marmoset::websocket {
namespace {

std::string shown(std::string_view text) {
    const auto url = parse_url(text);
    return url ? url->text() : "refused";
}

TEST(Url, PartsAndDefaults) {
    const auto url = parse_url("ws://Example.ORG/chat?room=1");
    ASSERT_TRUE(url);
    EXPECT_FALSE(url->secure);
    EXPECT_EQ(url->host, "example.org");
    EXPECT_EQ(url->port, 80);
    EXPECT_EQ(url->target, "/chat?room=1");
    EXPECT_EQ(url->authority(), "example.org");
    EXPECT_FALSE(url->has_user);
    const auto secure = parse_url("wss://example.org");
    ASSERT_TRUE(secure);
    EXPECT_TRUE(secure->secure);
    EXPECT_EQ(secure->port, 443);
    EXPECT_EQ(secure->target, "/");
}

TEST(Url, PortsStandInTheAuthorityUnlessTheyAreTheDefault) {
    EXPECT_EQ(shown("ws://a:80/"), "ws://a/");
    EXPECT_EQ(shown("ws://a:443/"), "ws://a:443/");
    EXPECT_EQ(shown("wss://a:443/"), "wss://a/");
    EXPECT_EQ(shown("WSS://a:80"), "wss://a:80/");
    EXPECT_EQ(shown("ws://[::1]:8080/x"), "ws://[::1]:8080/x");
    EXPECT_EQ(parse_url("ws://[::1]:8080/x")->host, "::1");
}

TEST(Url, HttpMeansWs) {
    EXPECT_EQ(shown("http://a/b"), "ws://a/b");
    EXPECT_EQ(shown("https://a/b"), "wss://a/b");
}

TEST(Url, AQueryWithoutAPath) {
    EXPECT_EQ(shown("ws://a?b=c/d"), "ws://a/?b=c/d");
}

TEST(Url, WhatTheRequestLineCannotCarryIsEscaped) {
    EXPECT_EQ(shown("ws://a/\xc3\xa4\"<>"), "ws://a/%C3%A4%22%3C%3E");
    EXPECT_EQ(shown("ws://a/%20"), "ws://a/%20");
}

TEST(Url, UserInformationIsDecodedAndNotShown) {
    const auto url = parse_url("ws://us%40er:p%3Aass@host/x");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->has_user);
    EXPECT_EQ(url->user, "us@er");
    EXPECT_EQ(url->password, "p:ass");
    EXPECT_EQ(url->text(), "ws://host/x");
    EXPECT_EQ(parse_url("ws://only@host/")->user, "only");
    EXPECT_EQ(parse_url("ws://only@host/")->password, "");
    EXPECT_EQ(basic_credentials("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(Url, UnixSockets) {
    const auto url = parse_url("ws+unix:///run/x.sock:/echo?a");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->unix_path, "/run/x.sock");
    EXPECT_EQ(url->target, "/echo?a");
    EXPECT_EQ(url->authority(), "localhost");
    EXPECT_EQ(url->text(), "ws+unix:///run/x.sock:/echo?a");
    EXPECT_EQ(parse_url("ws+unix:///run/x.sock")->target, "/");
    EXPECT_EQ(parse_url("ws+unix:///run/a:b:/c")->unix_path, "/run/a:b");
    EXPECT_EQ(parse_url("ws+unix:///run/a%20b:/c")->unix_path, "/run/a b");
    EXPECT_EQ(shown("ws+unix://relative:/c"), "refused");
    EXPECT_EQ(shown("ws+unix:///" + std::string(107, 'x') + ":/c"), "refused");
    EXPECT_EQ(shown("ws+unix:///a%00b:/c"), "refused");
}

TEST(Url, Refused) {
    for (const char* text : {"",           "echo",       "/echo",      "ftp://a/",        "ws:a",
                             "ws:///x",    "ws://",      "ws://:80/",  "ws://a:b/",       "ws://a:65536/",
                             "ws://a:0/",  "ws://a/#x",  "ws://a/b c", "ws://a/\r\nX: y", "ws://a\r\nX/",
                             "ws://a b/",  "ws://[::1/", "ws://[g]/",  "ws://u%zz@a/",    "ws://u%3Ax@a/",
                             "ws://a%2Fb/"}) {
        EXPECT_EQ(shown(text), "refused") << text;
    }
}

TEST(Url, Proxies) {
    const auto proxy = parse_proxy_url("http://user:pass@proxy.example:3128/");
    ASSERT_TRUE(proxy);
    EXPECT_EQ(proxy->host, "proxy.example");
    EXPECT_EQ(proxy->port, 3128);
    EXPECT_EQ(proxy->user, "user");
    EXPECT_EQ(parse_proxy_url("proxy")->port, 8080);
    EXPECT_FALSE(parse_proxy_url("socks5://proxy"));
    EXPECT_FALSE(parse_proxy_url("http://proxy/path"));
    EXPECT_FALSE(parse_proxy_url(""));
}

}  // namespace
}  // namespace marmoset::websocket
