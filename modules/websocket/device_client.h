// One client of a shared device. A message of it is written when it is whole, so that two never mix. Deletes
// itself when both its session and its request are over.
#pragma once

#include <vector>

#include "relay_client.h"

namespace marmoset::websocket_module {

class Device;

class DeviceClient final : public RelayClient, private net::TurnEnd {
  public:
    /// `subprotocol` is what it is accepted with, at the end of the turn.
    DeviceClient(http::Exchange& exchange, const Settings& settings, module::Worker& worker, Device& device,
                 std::string_view subprotocol);

    /// The device can't be used any more.
    void on_device_end();

    // websocket::Endpoint
    void on_message_data(websocket::Session& session, MutableBytes piece, bool binary, bool first,
                         bool last) override;
    size_t receive_credit(const websocket::Session& session) const override;
    void on_output_progress(websocket::Session&) override {}
    void on_session_end(websocket::Session& session, uint16_t code, std::string_view reason,
                        CloseReason why) override;

    void on_request_aborted() override;

  private:
    ~DeviceClient() override;
    void on_turn_end() override;
    void leave();
    void forget_message();

    Device* device_;  // null: gone, or left
    std::string subprotocol_;
    std::vector<uint8_t> message_;  // what has come of a message in pieces
};

}  // namespace marmoset::websocket_module
