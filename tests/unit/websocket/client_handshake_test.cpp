// The client's half of RFC 6455 4.1: what it asks, and which answers it believes.
#include "websocket/client_handshake.h"

#include <gtest/gtest.h>

#include "websocket/handshake.h"

namespace marmoset::websocket {
namespace {

const ClientHandshake kAsked{"dGhlIHNhbXBsZSBub25jZQ==", {"chat", "superchat"}, true};

HandshakeAnswer good() {
    HandshakeAnswer answer;
    answer.upgrade = "websocket";
    answer.connection = "Upgrade";
    answer.accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";  // of RFC 6455 1.3
    answer.accept_count = 1;
    answer.protocol = "chat";
    answer.protocol_count = 1;
    return answer;
}

bool accepted(const HandshakeAnswer& answer, const ClientHandshake& asked = kAsked) {
    return check_answer(asked, answer).error == nullptr;
}

TEST(ClientHandshake, KeysAreValidAndFresh) {
    const std::string one = make_key();
    EXPECT_TRUE(is_valid_key(one));
    EXPECT_NE(one, make_key());
}

TEST(ClientHandshake, TheRequest) {
    EXPECT_EQ(handshake_request(kAsked, "/chat?x", "example.org", {{"Origin", "http://example.org"}}),
              "GET /chat?x HTTP/1.1\r\n"
              "Host: example.org\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Protocol: chat, superchat\r\n"
              "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
              "Origin: http://example.org\r\n"
              "\r\n");
    const std::string plain = handshake_request({"k", {}, false}, "/", "a", {{"host", "other"}});
    EXPECT_EQ(plain.find("Sec-WebSocket-Protocol"), std::string::npos);
    EXPECT_EQ(plain.find("Sec-WebSocket-Extensions"), std::string::npos);
    EXPECT_EQ(plain.find("Host: a"), std::string::npos);
    EXPECT_NE(plain.find("host: other"), std::string::npos);
}

// Both ends of ours agree.
TEST(ClientHandshake, TheServersHalfTakesIt) {
    HandshakeRequest request;
    request.method = "GET";
    request.host = "example.org";
    request.upgrade = "websocket";
    request.connection = "Upgrade";
    const std::string key = make_key();
    request.key = key;
    request.key_count = 1;
    request.version = "13";
    request.version_count = 1;
    EXPECT_EQ(check_handshake(request).status, 0u);
    HandshakeAnswer answer = good();
    answer.accept = accept_value(key);
    EXPECT_TRUE(accepted(answer, {key, {"chat"}, true}));
}

TEST(ClientHandshake, GoodAnswers) {
    EXPECT_EQ(check_answer(kAsked, good()).protocol, "chat");
    HandshakeAnswer answer = good();
    answer.upgrade = "WebSocket";
    answer.connection = "keep-alive, UPGRADE";
    EXPECT_TRUE(accepted(answer));
    answer.protocol_count = 0;
    answer.protocol.clear();
    EXPECT_TRUE(accepted(answer, {kAsked.key, {}, true}));
}

TEST(ClientHandshake, BadAnswers) {
    const auto refused = [](auto change) {
        HandshakeAnswer answer = good();
        change(answer);
        return !accepted(answer);
    };
    EXPECT_TRUE(refused([](auto& a) { a.minor_version = 0; }));
    EXPECT_TRUE(refused([](auto& a) { a.upgrade = ""; }));
    EXPECT_TRUE(refused([](auto& a) { a.upgrade = "websocket, h2c"; }));
    EXPECT_TRUE(refused([](auto& a) { a.connection = "keep-alive"; }));
    EXPECT_TRUE(refused([](auto& a) { a.accept = ""; }));
    EXPECT_TRUE(refused([](auto& a) { a.accept = "S3pPLMBiTxaQ9kYGzzhZRbK+xOo="; }));
    EXPECT_TRUE(refused([](auto& a) { a.accept_count = 2; }));
    EXPECT_TRUE(refused([](auto& a) { a.accept_count = 0; }));
    EXPECT_TRUE(refused([](auto& a) { a.protocol = "other"; }));
    EXPECT_TRUE(refused([](auto& a) { a.protocol = "Chat"; }));
    EXPECT_TRUE(refused([](auto& a) { a.protocol = "chat, superchat"; }));
    EXPECT_TRUE(refused([](auto& a) { a.protocol_count = 2; }));
    EXPECT_TRUE(refused([](auto& a) { a.protocol_count = 0; }));
    EXPECT_TRUE(refused([](auto& a) { a.extensions = "x-webkit-deflate-frame"; }));
    EXPECT_TRUE(refused([](auto& a) { a.extensions = "permessage-deflate, permessage-deflate"; }));
    EXPECT_TRUE(refused([](auto& a) { a.extensions = "permessage-deflate; client_max_window_bits"; }));
    EXPECT_TRUE(refused([](auto& a) { a.extensions = "permessage-deflate; mystery"; }));
}

TEST(ClientHandshake, ExtensionsOnlyIfOffered) {
    HandshakeAnswer answer = good();
    answer.extensions = "permessage-deflate; server_no_context_takeover; client_max_window_bits=10";
    const auto verdict = check_answer(kAsked, answer);
    ASSERT_TRUE(verdict.deflate);
    EXPECT_FALSE(verdict.deflate->server_takeover);
    EXPECT_TRUE(verdict.deflate->client_takeover);
    EXPECT_EQ(verdict.deflate->client_window_bits, 10);
    EXPECT_EQ(verdict.deflate->server_window_bits, 15);
    const DeflateParameters ours = at_the_clients_end(*verdict.deflate);
    EXPECT_EQ(ours.server_window_bits, 10);  // of what this end sends
    EXPECT_TRUE(ours.server_takeover);
    EXPECT_FALSE(ours.client_takeover);
    EXPECT_FALSE(accepted(answer, {kAsked.key, kAsked.protocols, false}));
}

// Whatever our server's half answers to our client's offer, the client takes, and means the same by it.
TEST(ClientHandshake, BothEndsMeanTheSameByACompression) {
    for (const uint8_t bits : {8, 11, 15}) {
        for (const bool server : {false, true}) {
            for (const bool client : {false, true}) {
                const auto agreed = accept_deflate_offer(deflate_offer(), {bits, server, client});
                ASSERT_TRUE(agreed);
                const auto heard = check_deflate_answer(deflate_response(*agreed));
                ASSERT_TRUE(heard);
                EXPECT_EQ(heard->server_window_bits, agreed->server_window_bits);
                EXPECT_EQ(heard->client_window_bits, agreed->client_window_bits);
                EXPECT_EQ(heard->server_takeover, agreed->server_takeover);
                EXPECT_EQ(heard->client_takeover, agreed->client_takeover);
            }
        }
    }
}

TEST(ClientHandshake, WhatProgramsMayAsk) {
    EXPECT_TRUE(are_valid_protocols({}));
    EXPECT_TRUE(are_valid_protocols({"a", "b"}));
    EXPECT_FALSE(are_valid_protocols({"a", "a"}));
    EXPECT_FALSE(are_valid_protocols({""}));
    EXPECT_FALSE(are_valid_protocols({"a b"}));
    EXPECT_TRUE(is_addable_field("Origin", "http://a"));
    EXPECT_TRUE(is_addable_field("X-A", ""));
    EXPECT_FALSE(is_addable_field("X-A", "b\r\nX-C: d"));
    EXPECT_FALSE(is_addable_field("X A", "b"));
    EXPECT_FALSE(is_addable_field("", "b"));
    for (const char* name : {"Upgrade", "connection", "Sec-WebSocket-Key", "sec-websocket-protocol",
                             "Content-Length", "Transfer-Encoding"}) {
        EXPECT_FALSE(is_addable_field(name, "x")) << name;
    }
}

}  // namespace
}  // namespace marmoset::websocket
