// A client whose messages are relayed, whatever its system server speaks: its session.
#pragma once

#include "gateway_client.h"
#include "websocket/session.h"

namespace marmoset::websocket_module {

class RelayClient : public GatewayClient, public websocket::Endpoint {
  public:
    using GatewayClient::GatewayClient;

    websocket::Session* session() const { return session_; }

  protected:
    /// Answers 101 with `subprotocol` (may be empty). False if the request is no longer there. Bytes behind
    /// the handshake may reach the endpoint before it returns.
    bool accept(std::string_view subprotocol);
    void end_session() override;
    /// Subclasses that have more of their own override it, and ask it too.
    bool over() const override { return session_ == nullptr; }

    void session_ended() { session_ = nullptr; }
    void write_log(const websocket::Session& session, uint16_t code);

  private:
    websocket::Session* session_ = nullptr;  // owned by its connection; null before 101 and after its end
};

}  // namespace marmoset::websocket_module
