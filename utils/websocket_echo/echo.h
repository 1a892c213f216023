// Sends each message back as it came, text as text, binary as binary. In: messages of clients. Out: the same.
#pragma once

#include <marmoset/websocket_server.h>

class Echo : public websocket_server::Handler {
  public:
    /// `once`: after the first message has been echoed the client is closed with 1000 (-t).
    explicit Echo(const bool& once) : once_(once) {}

    void on_message(websocket_server::Client& client, const websocket_server::Message& message) override;

  private:
    const bool& once_;
};
