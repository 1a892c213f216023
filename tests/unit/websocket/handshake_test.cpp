// The opening handshake: each header in turn wrong, keys, subprotocols.
#include "websocket/handshake.h"

#include <gtest/gtest.h>

#include <functional>

namespace marmoset::websocket {
namespace {

HandshakeRequest good_request() {  // RFC 6455 1.2
    HandshakeRequest request;
    request.method = "GET";
    request.minor_version = 1;
    request.host = "server.example.com";
    request.upgrade = "websocket";
    request.connection = "Upgrade";
    request.key = "dGhlIHNhbXBsZSBub25jZQ==";
    request.key_count = 1;
    request.version = "13";
    request.version_count = 1;
    request.protocols = "chat, superchat";
    return request;
}

unsigned status_with(const std::function<void(HandshakeRequest&)>& change) {
    HandshakeRequest request = good_request();
    change(request);
    const HandshakeVerdict verdict = check_handshake(request);
    EXPECT_EQ(verdict.status == 0, *verdict.reason == '\0') << verdict.reason;
    return verdict.status;
}

TEST(Handshake, ComputesTheAcceptValueOfRfc6455) {  // 1.3
    EXPECT_EQ(accept_value("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, AcceptsGoodRequests) {
    EXPECT_EQ(status_with([](auto&) {}), 0u);
    EXPECT_EQ(status_with([](auto& r) { r.protocols = ""; }), 0u);
    EXPECT_EQ(status_with([](auto& r) { r.host = "[::1]:8080"; }), 0u);
    EXPECT_EQ(status_with([](auto& r) { r.upgrade = "foo, WebSocket"; }), 0u);
    EXPECT_EQ(status_with([](auto& r) { r.connection = "keep-alive, upgrade"; }), 0u);
    EXPECT_EQ(status_with([](auto& r) { r.minor_version = 2; }), 0u);
}

TEST(Handshake, RefusesOtherMethodsWith405) {
    for (const char* method : {"POST", "HEAD", "get", "CONNECT", ""}) {
        EXPECT_EQ(status_with([&](auto& r) { r.method = method; }), 405u) << method;
    }
}

TEST(Handshake, RefusesMalformedRequestsWith400) {
    EXPECT_EQ(status_with([](auto& r) { r.minor_version = 0; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.host = ""; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.host = "a b"; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.host = "user@server.example.com"; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.upgrade = ""; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.upgrade = "h2c"; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.connection = ""; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.connection = "keep-alive"; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.has_body = true; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.protocols = "a, a"; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.protocols = "a b"; }), 400u);
}

TEST(Handshake, RefusesBadKeysWith400) {
    EXPECT_EQ(status_with([](auto& r) { r.key = "", r.key_count = 0; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.key = ""; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.key_count = 2; }), 400u);
    EXPECT_EQ(status_with([](auto& r) { r.key = "dGhlIHNhbXBsZSBub25jZQ"; }), 400u);
}

TEST(Handshake, RefusesOtherVersionsWith426) {
    for (const char* version : {"12", "14", "8", "0", "013", "13, 8", "x"}) {
        EXPECT_EQ(status_with([&](auto& r) { r.version = version; }), 426u) << version;
    }
    EXPECT_EQ(status_with([](auto& r) { r.version = "", r.version_count = 0; }), 426u);
    EXPECT_EQ(status_with([](auto& r) { r.version_count = 2; }), 400u);
    // A client of another version is told so whatever its key looks like.
    EXPECT_EQ(status_with([](auto& r) { r.version = "14", r.key = "", r.key_count = 0; }), 426u);
}

TEST(Handshake, SeesWhoWantsAWebsocket) {
    EXPECT_TRUE(wants_websocket("websocket", "upgrade"));
    EXPECT_TRUE(wants_websocket("WebSocket", "Keep-Alive, Upgrade"));
    EXPECT_TRUE(wants_websocket("h2c , websocket", "upgrade,close"));
    EXPECT_FALSE(wants_websocket("websocket", "keep-alive"));
    EXPECT_FALSE(wants_websocket("websocket", ""));
    EXPECT_FALSE(wants_websocket("", "upgrade"));
    EXPECT_FALSE(wants_websocket("h2c", "upgrade"));
    EXPECT_FALSE(wants_websocket("websockets", "upgrade"));
    EXPECT_FALSE(wants_websocket("xwebsocket", "upgrade"));
    EXPECT_FALSE(wants_websocket("websocket/13", "upgrade"));
    EXPECT_FALSE(wants_websocket("websocket", "upgrade-insecure"));
}

TEST(Handshake, JudgesKeys) {
    for (std::string_view key : {"dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA==",
                                 "++//++//++//++//++//+w==", "AQIDBAUGBwgJCgsMDQ4PEC=="}) {
        EXPECT_TRUE(is_valid_key(key)) << key;
    }
    for (std::string_view key :
         {"", "==", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
          "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZQA=", "dGhlIHNhbXBsZSBub25jZQAA",
          "dGhlIHNhbXBsZSBub25jZ-==", "dGhlIHNhbXBsZSBub25jZ_==", "dGhl HNhbXBsZSBub25jZQ==",
          " GhlIHNhbXBsZSBub25jZQ==", "=GhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j\xc3\xa4=="}) {
        EXPECT_FALSE(is_valid_key(key)) << key;
    }
}

TEST(Handshake, RefusesMalformedExtensionLists) {
    for (std::string_view header :
         {"", ",", "permessage-deflate", "permessage-deflate; client_max_window_bits", "a;b=c ; d , e",
          "a, a", R"(a; b="c")", R"(a; b="\c")", "a; b = c", "x;y\t,z"}) {
        EXPECT_TRUE(is_valid_extension_list(header)) << header;
    }
    for (std::string_view header : {";", "; a", "a;", "a; ;b", "a; =c", "a; b=", "a; b=c=d", "a b", "a/b",
                                    "a; b c", R"(a; b="c)", R"(a; b="")", R"(a; b="c d")", R"(a; b="c;d")",
                                    R"(a; b="c,d")", R"(a; b="c\")", R"(a; b="c"d)", "a, =", "\xc3\xa4"}) {
        EXPECT_FALSE(is_valid_extension_list(header)) << header;
        EXPECT_EQ(status_with([&](auto& r) { r.extensions = header; }), 400u) << header;
    }
}

TEST(Handshake, ListsSubprotocolsInOrder) {
    using Tokens = std::vector<std::string_view>;
    Tokens tokens{"left over"};
    EXPECT_TRUE(parse_protocols("", tokens));
    EXPECT_EQ(tokens, Tokens{});
    EXPECT_TRUE(parse_protocols("chat", tokens));
    EXPECT_EQ(tokens, Tokens{"chat"});
    EXPECT_TRUE(parse_protocols("zebra ,\tchat,,v2.x_y-z!, a", tokens));
    EXPECT_EQ(tokens, (Tokens{"zebra", "chat", "v2.x_y-z!", "a"}));
    EXPECT_TRUE(parse_protocols("Chat, chat", tokens));  // they are compared with case
}

TEST(Handshake, RefusesMalformedOrRepeatedSubprotocols) {
    std::vector<std::string_view> tokens;
    for (std::string_view header :
         {"a b", "a, b/c", "\"a\"", "a;q=1", "a, b, a", "a,a", "x, \xc3\xa4", "a@b", "{a}"}) {
        EXPECT_FALSE(parse_protocols(header, tokens)) << header;
    }
}

TEST(Handshake, FindsARepeatedSubprotocolAmongThousands) {
    std::string header;
    for (int i = 0; i < 4000; ++i)
        header += "p" + std::to_string(i) + ",";
    std::vector<std::string_view> tokens;
    EXPECT_TRUE(parse_protocols(header, tokens));
    EXPECT_EQ(tokens.size(), 4000u);
    EXPECT_EQ(tokens[3999], "p3999");
    EXPECT_FALSE(parse_protocols(header + "p17", tokens));
}

}  // namespace
}  // namespace marmoset::websocket
