// A WebSocketServer that echoes, and clients of it, on one EventLoop; what happened to them as texts.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "libwebsocket/websocket_client.h"

namespace marmoset::libwebsocket {

using websocket_client::CloseEvent;
using websocket_client::ErrorEvent;
using websocket_client::EventLoop;
using websocket_client::MessageEvent;
using websocket_client::ServerOptions;
using websocket_client::ServerRequest;
using websocket_client::SocketError;
using websocket_client::WebSocket;
using websocket_client::WebSocketServer;

using Events = std::vector<std::string>;

inline std::string text_of(const CloseEvent& event) {
    return "close " + std::to_string(event.code) + (event.reason.empty() ? "" : " " + event.reason) +
           (event.wasClean ? " clean" : "");
}

/// Writes all events of `socket` to `events`, which outlives it. Existing callbacks go.
inline void record(WebSocket& socket, Events& events) {
    socket.onopen = [&events] { events.push_back("open"); };
    socket.onmessage = [&events](const MessageEvent& event) {
        events.push_back((event.binary ? "binary " : "text ") + std::string(event.data));
    };
    socket.onerror = [&events](const ErrorEvent& event) {
        events.push_back("error " + std::to_string(static_cast<int>(event.error)));
    };
    socket.onclose = [&events](const CloseEvent& event) { events.push_back(text_of(event)); };
}

class ClientLoop : public testing::Test {
  protected:
    /// Listens on a free port, and echoes; the server stops behind its first client, unless told otherwise:
    /// then the loop ends.
    WebSocketServer& serve(ServerOptions options = {}) {
        server_ = std::make_unique<WebSocketServer>(loop_, std::move(options));
        server_->onconnection = [this](WebSocket& socket, const ServerRequest& request) {
            requests_.push_back(request);
            WebSocket* client = &socket;
            socket.onmessage = [client](const MessageEvent& event) {
                if (event.binary) {
                    client->sendBinary(event.data);
                } else {
                    client->send(event.data);
                }
            };
            socket.onerror = [this](const ErrorEvent& event) {
                served_.push_back("error " + std::to_string(static_cast<int>(event.error)));
            };
            socket.onclose = [this](const CloseEvent& event) {
                served_.push_back(text_of(event));
                if (closes_) server_->close();
            };
        };
        EXPECT_TRUE(server_->listen());
        return *server_;
    }
    std::string url(const std::string& target = "/") const { return "ws://" + server_->address() + target; }

    EventLoop loop_;
    std::unique_ptr<WebSocketServer> server_;
    std::vector<ServerRequest> requests_;
    Events served_;       // what the server's sockets were told
    Events events_;       // of the client
    bool closes_ = true;  // the server stops behind its first client
};

}  // namespace marmoset::libwebsocket
