// The browser's surface: states, events and their order, what calls refuse; lives and deaths of the objects.
#include <gtest/gtest.h>

#include <thread>

#include "client_loop.h"

namespace marmoset::libwebsocket {
namespace {

using websocket_client::BinaryType;
using websocket_client::CLOSED;
using websocket_client::CLOSING;
using websocket_client::CONNECTING;
using websocket_client::InvalidAccessError;
using websocket_client::InvalidStateError;
using websocket_client::OPEN;
using websocket_client::Options;
using websocket_client::SyntaxError;
using websocket_client::TraceEvent;

TEST_F(ClientLoop, StatesAndAttributesAreLive) {
    ServerOptions options;
    options.protocols = {"b"};
    serve(options);
    WebSocket socket(loop_, "ws://user:pass@" + server_->address() + "/x?y", {"a", "b"});
    record(socket, events_);
    EXPECT_EQ(socket.readyState(), CONNECTING);
    EXPECT_EQ(socket.protocol(), "");
    EXPECT_EQ(socket.url(), url("/x?y"));
    EXPECT_THROW(socket.send("too early"), InvalidStateError);
    socket.onopen = [&] {
        EXPECT_EQ(socket.readyState(), OPEN);
        EXPECT_EQ(socket.protocol(), "b");
        EXPECT_EQ(socket.extensions(), "permessage-deflate");
        EXPECT_EQ(socket.bufferedAmount(), 0u);
        EXPECT_TRUE(socket.send("hello"));
        EXPECT_GE(socket.bufferedAmount(), 5u);
    };
    socket.onmessage = [&](const MessageEvent& event) {
        EXPECT_EQ(event.data, "hello");
        EXPECT_FALSE(event.binary);
        EXPECT_EQ(socket.bufferedAmount(), 0u);
        socket.close(3000, "done");
        EXPECT_EQ(socket.readyState(), CLOSING);
        EXPECT_FALSE(socket.send("too late"));
        EXPECT_GE(socket.bufferedAmount(), 8u);
        socket.close(3001, "again");  // nothing happens
        events_.push_back("message");
    };
    loop_.run();
    EXPECT_EQ(socket.readyState(), CLOSED);
    EXPECT_EQ(socket.protocol(), "b");
    EXPECT_EQ(socket.url(), url("/x?y"));
    EXPECT_GE(socket.bufferedAmount(), 8u);
    EXPECT_FALSE(socket.send("too late"));
    EXPECT_EQ(events_, (Events{"message", "close 3000 done clean"}));
    EXPECT_EQ(served_, (Events{"close 3000 done clean"}));
    EXPECT_EQ(requests_.at(0).target, "/x?y");
    EXPECT_EQ(requests_.at(0).host, server_->address());
}

TEST_F(ClientLoop, WhatTheConstructorRefuses) {
    EXPECT_THROW(WebSocket(loop_, "ftp://a/"), SyntaxError);
    EXPECT_THROW(WebSocket(loop_, "ws://a/#b"), SyntaxError);
    EXPECT_THROW(WebSocket(loop_, "ws://a/", {"x y"}), SyntaxError);
    EXPECT_THROW(WebSocket(loop_, "ws://a/", {"x", "x"}), SyntaxError);
    Options upgrading;
    upgrading.headers = {{"Upgrade", "x"}};
    EXPECT_THROW(WebSocket(loop_, "ws://a/", {}, upgrading), SyntaxError);
    Options proxied;
    proxied.proxy = "ftp://b/";
    EXPECT_THROW(WebSocket(loop_, "ws://a/", {}, proxied), SyntaxError);
    loop_.run();  // nothing is left of them
}

TEST_F(ClientLoop, WhatCloseRefuses) {
    serve();
    WebSocket socket(loop_, url());
    socket.onopen = [&] {
        for (const unsigned code : {0u, 999u, 1001u, 1004u, 1005u, 1006u, 1011u, 1015u, 2999u, 5000u}) {
            EXPECT_THROW(socket.close(static_cast<uint16_t>(code)), InvalidAccessError) << code;
        }
        EXPECT_THROW(socket.close(1000, std::string(124, 'x')), SyntaxError);
        EXPECT_THROW(socket.close(1000, "\xff"), SyntaxError);
        EXPECT_THROW(socket.send("\xff"), SyntaxError);
        EXPECT_THROW(socket.ping(std::string(126, 'x')), SyntaxError);
        EXPECT_EQ(socket.readyState(), OPEN);
        socket.close(4999, std::string(123, 'x'));
    };
    loop_.run();
    EXPECT_EQ(served_, (Events{"close 4999 " + std::string(123, 'x') + " clean"}));
}

TEST_F(ClientLoop, AnyCloseCodeThatMayStandOnTheWire) {
    closes_ = false;
    serve();
    Options options;
    options.any_close_code = true;
    for (const unsigned code : {1001u, 1003u, 1007u, 1011u, 1014u, 3000u}) {
        WebSocket socket(loop_, url(), {}, options);
        socket.onopen = [&] {
            EXPECT_THROW(socket.close(1005), InvalidAccessError);
            EXPECT_THROW(socket.close(1006), InvalidAccessError);
            EXPECT_THROW(socket.close(1004), InvalidAccessError);
            EXPECT_THROW(socket.close(1015), InvalidAccessError);
            socket.close(static_cast<uint16_t>(code));
        };
        socket.onclose = [&](const CloseEvent&) { loop_.stop(); };
        loop_.run();
        EXPECT_EQ(served_.back(), "close " + std::to_string(code) + " clean");
    }
}

TEST_F(ClientLoop, ClosedBeforeItIsOpen) {
    serve();
    WebSocket socket(loop_, url());
    record(socket, events_);
    socket.close();
    EXPECT_EQ(events_, Events{});  // never from within a call
    socket.onclose = [&](const CloseEvent& event) {
        events_.push_back(text_of(event));
        server_->close();
    };
    loop_.run();
    EXPECT_EQ(events_, (Events{"error 19", "close 1006"}));
}

TEST_F(ClientLoop, EveryKindAndSizeOfMessage) {
    serve();
    for (const bool compression : {true, false}) {
        closes_ = !compression;
        Options options;
        options.compression = compression;
        WebSocket socket(loop_, url(), {}, options);
        const std::vector<std::string> messages = {"", "x", std::string(125, 'a'), std::string(65536, 'b'),
                                                   std::string(3 << 20, 'c')};
        size_t next = 0;
        socket.onopen = [&] {
            EXPECT_EQ(socket.extensions().empty(), !compression);
            for (const std::string& message : messages) {
                socket.send(message);
                socket.sendBinary(message);
            }
        };
        socket.onmessage = [&](const MessageEvent& event) {
            EXPECT_EQ(event.binary, next % 2 == 1);
            EXPECT_EQ(event.data, messages[next / 2]);
            if (++next == messages.size() * 2) socket.close();
        };
        socket.onclose = [&](const CloseEvent&) { loop_.stop(); };
        loop_.run();
        EXPECT_EQ(next, messages.size() * 2);
    }
}

TEST_F(ClientLoop, ABlobOutlivesItsEventAndAnArrayBufferIsNone) {
    serve();
    WebSocket socket(loop_, url());
    std::shared_ptr<const std::string> blob;
    socket.onopen = [&] { socket.sendBinary("first"); };
    socket.onmessage = [&](const MessageEvent& event) {
        if (!blob) {
            ASSERT_TRUE(event.blob);
            blob = event.blob;
            socket.binaryType = BinaryType::ArrayBuffer;
            socket.sendBinary("second");
            return;
        }
        EXPECT_FALSE(event.blob);
        EXPECT_EQ(event.data, "second");
        socket.close();
    };
    loop_.run();
    ASSERT_TRUE(blob);
    EXPECT_EQ(*blob, "first");
}

TEST_F(ClientLoop, PingsAndPongs) {
    serve();
    WebSocket socket(loop_, url());
    EXPECT_FALSE(socket.ping());
    socket.onopen = [&] { EXPECT_TRUE(socket.ping("payload")); };
    socket.onpong = [&](std::string_view payload) {
        events_.emplace_back(payload);
        socket.close();
    };
    loop_.run();
    EXPECT_EQ(events_, Events{"payload"});
}

TEST_F(ClientLoop, TheTraceShowsHeadsAndFrames) {
    serve();
    Options options;
    options.compression = false;
    options.headers = {{"Origin", "http://o.example"}};
    options.trace = [&](const TraceEvent& event) {
        if (event.kind == TraceEvent::Kind::Frame) {
            events_.push_back((event.sent ? "> " : "< ") + std::to_string(event.opcode) + " " +
                              std::to_string(event.length) + (event.masked ? " masked" : ""));
        } else {
            events_.emplace_back(event.text.substr(0, event.text.find("\r\n")));
        }
    };
    WebSocket socket(loop_, url("/t"), {}, options);
    socket.onopen = [&] { socket.send("abc"); };
    socket.onmessage = [&](const MessageEvent&) { socket.close(); };
    loop_.run();
    EXPECT_EQ(events_, (Events{"GET /t HTTP/1.1", "HTTP/1.1 101 Switching Protocols", "> 1 3 masked", "< 1 3",
                               "> 8 2 masked", "< 8 2"}));
    EXPECT_EQ(requests_.at(0).origin, "http://o.example");
}

// ---- lives ----------------------------------------------------------------------------------------------

TEST_F(ClientLoop, CallbacksMayDestroyTheirSocket) {
    closes_ = false;
    serve();
    for (const std::string when : {"open", "message", "close", "pong"}) {
        auto socket = std::make_unique<WebSocket>(loop_, url());
        const std::string large(200, 'x');  // captured: more than a function object holds in itself
        const auto destroy = [&, large](const char* name) {
            if (when != name) return;
            socket.reset();
            EXPECT_EQ(large.size(), 200u);
        };
        socket->onopen = [&, destroy] {
            WebSocket& open = *socket;
            open.send("x");
            open.ping();
            destroy("open");
        };
        socket->onmessage = [&, destroy](const MessageEvent& event) {
            if (when == "close") socket->close();
            destroy("message");
            EXPECT_EQ(event.data, "x");
        };
        socket->onpong = [&, destroy](std::string_view) { destroy("pong"); };
        socket->onclose = [&, destroy](const CloseEvent&) { destroy("close"); };
        served_.clear();
        const std::string expected = when == "close" ? "close 1000 clean" : "close 1001 clean";
        const auto look = [&](auto& self) -> void {  // until both have seen the end
            if (served_.empty() || socket) {
                loop_.after(1, [&] { self(self); });
            } else {
                loop_.stop();
            }
        };
        look(look);
        loop_.run();
        EXPECT_EQ(served_, Events{expected}) << when;
        EXPECT_EQ(socket, nullptr) << when;
    }
}

TEST_F(ClientLoop, ASocketMayGoInAnyState) {
    closes_ = false;
    serve();
    { WebSocket connecting(loop_, url()); }
    {
        WebSocket resolving(loop_, "ws://localhost:1/");
        WebSocket loading(loop_, "wss://localhost:1/");
    }
    auto closing = std::make_unique<WebSocket>(loop_, url());
    closing->onopen = [&] {
        closing->close();
        closing.reset();
        server_->close();
    };
    loop_.run();
    EXPECT_EQ(closing, nullptr);
}

TEST_F(ClientLoop, TheLoopMayEndWithEverythingOpen) {
    Events events;
    {
        EventLoop loop;
        WebSocketServer server(loop);
        ASSERT_TRUE(server.listen());
        WebSocket one(loop, "ws://" + server.address() + "/");
        WebSocket two(loop, "ws://" + server.address() + "/");
        record(two, events);
        one.onopen = [&] { loop.stop(); };
        loop.after(60000, [] {});
        loop.post([] {});
        loop.run();
    }
    for (const std::string& event : events)
        EXPECT_EQ(event, "open");  // no end is told any more
}

TEST_F(ClientLoop, AnExceptionInACallbackEndsItsConnection) {
    serve();
    WebSocket socket(loop_, url());
    record(socket, events_);
    socket.onopen = [] { throw std::runtime_error("on purpose"); };
    loop_.run();
    EXPECT_EQ(events_, (Events{"error -1", "close 1006"}));
    EXPECT_EQ(served_, (Events{"close 1011 clean"}));
}

TEST_F(ClientLoop, TheLoopRunsTasksFromThreads) {
    int count = 0;
    std::thread other([&] {
        for (int i = 0; i < 100; ++i)
            loop_.post([&] { ++count; });
    });
    other.join();
    loop_.post([&] { loop_.post([&] { ++count; }); });
    loop_.after(1, [&] { ++count; });
    loop_.post([] { throw std::runtime_error("on purpose"); });
    loop_.run();
    EXPECT_EQ(count, 102);
    loop_.stop();
    loop_.after(3600'000, [] {});
    loop_.run();  // the stop came before
}

// ---- the server's end -----------------------------------------------------------------------------------

TEST_F(ClientLoop, TheServerSpeaksFirstAndCloses) {
    serve();
    server_->onconnection = [&](WebSocket& socket, const ServerRequest&) {
        EXPECT_EQ(socket.readyState(), OPEN);
        EXPECT_EQ(server_->clients(), 1u);
        socket.send("welcome");
        socket.close(1008, "go away");
        socket.onclose = [&](const CloseEvent& event) {
            served_.push_back(text_of(event));
            server_->close();
        };
    };
    WebSocket socket(loop_, url());
    record(socket, events_);
    loop_.run();
    EXPECT_EQ(events_, (Events{"open", "text welcome", "close 1008 go away clean"}));
    EXPECT_EQ(served_, (Events{"close 1008 go away clean"}));
    EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ClientLoop, TheServerStops) {
    closes_ = false;
    serve();
    WebSocket socket(loop_, url());
    record(socket, events_);
    socket.onopen = [&] { server_->close(); };
    loop_.run();
    EXPECT_EQ(events_, (Events{"close 1001 clean"}));
}

TEST_F(ClientLoop, TheServerIsDestroyed) {
    closes_ = false;
    serve();
    WebSocket socket(loop_, url());
    record(socket, events_);
    socket.onopen = [&] { server_.reset(); };
    loop_.run();
    EXPECT_EQ(events_, (Events{"error 1", "close 1006"}));
    EXPECT_EQ(served_, Events{});
}

TEST_F(ClientLoop, MoreClientsThanTheServerTakes) {
    ServerOptions options;
    options.max_clients = 1;
    serve(options);
    WebSocket first(loop_, url());
    std::unique_ptr<WebSocket> second;
    unsigned status = 0;
    first.onopen = [&] {
        second = std::make_unique<WebSocket>(loop_, url());
        second->onerror = [&](const ErrorEvent& event) {
            EXPECT_EQ(event.error, SocketError::ConnectionRefused);
            status = event.http_status;
        };
        second->onclose = [&](const CloseEvent&) { first.close(); };
    };
    loop_.run();
    EXPECT_EQ(status, 503u);
}

}  // namespace
}  // namespace marmoset::libwebsocket
