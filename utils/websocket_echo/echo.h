// Sends each message back as it came, text as text, binary as binary. In: messages of clients. Out: the same.
#pragma once

#include <marmoset/websocket_server.h>

#include <string_view>

class Echo : public websocket_server::Handler {
  public:
    /// `name`: the socket's. `once`: after the first message has been echoed the client is closed with 1000
    /// (-t).
    Echo(std::string_view name, const bool& once) : name_(name), once_(once) {}

    /// Takes the subprotocol that is its name, else the first a client offers: browsers drop a connection on
    /// which none of theirs was agreed to.
    void on_open(websocket_server::Client& client) override;
    void on_message(websocket_server::Client& client, const websocket_server::Message& message) override;

  private:
    std::string_view name_;
    const bool& once_;
};
