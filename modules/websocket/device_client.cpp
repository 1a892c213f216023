#include "device_client.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "device.h"

namespace marmoset::websocket_module {

DeviceClient::DeviceClient(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                           Device& device, std::string_view subprotocol)
    : RelayClient(exchange, settings, worker, device.entry().place.name),
      device_(&device),
      subprotocol_(subprotocol) {
    worker.loop.at_turn_end(*this);  // a hook that answers Wait must not be resumed from within itself
}

DeviceClient::~DeviceClient() {
    forget_message();
}

void DeviceClient::on_turn_end() {
    if (!waiting()) return;
    if (!accept(subprotocol_)) leave();
    release_if_over();
}

void DeviceClient::on_message_data(websocket::Session& session, MutableBytes piece, bool binary, bool first,
                                   bool last) {
    if (!device_) return;
    if (!device_->takes_messages()) {
        session.fail(CloseReason::PolicyViolation);
        return;
    }
    const bool lines = device_->entry().dialect.framing == Dialect::Framing::Lines;
    if (lines && binary) {
        session.fail(CloseReason::NotText);
    } else if (lines && !piece.empty() && std::memchr(piece.data(), '\n', piece.size())) {
        session.fail(CloseReason::LineInside);
    } else if (first && last) {
        device_->write(piece);
    } else {
        message_.insert(message_.end(), piece.begin(), piece.end());
        worker_.loop.add_queued_memory(static_cast<int64_t>(piece.size()));
        if (!last) return;
        device_->write(message_);
        forget_message();
    }
}

void DeviceClient::forget_message() {
    worker_.loop.add_queued_memory(-static_cast<int64_t>(message_.size()));
    std::vector<uint8_t>().swap(message_);
}

size_t DeviceClient::receive_credit(const websocket::Session&) const {
    const uint64_t window = link::kDefaultWindow;
    return device_ ? window - std::min(window, device_->unsent()) : window;
}

void DeviceClient::on_session_end(websocket::Session& session, uint16_t code, std::string_view, CloseReason) {
    write_log(session, code);
    session_ended();
    leave();
    release_if_over();
}

void DeviceClient::on_request_aborted() {
    forget_request();
    leave();
    release_if_over();
}

void DeviceClient::leave() {
    if (device_) std::exchange(device_, nullptr)->leave(*this);
}

void DeviceClient::on_device_end() {
    device_ = nullptr;
    if (waiting()) refuse(503, "the device is gone");
    if (session()) session()->close(websocket::kServiceRestart, {}, CloseReason::ServerGone);
    release_if_over();
}

}  // namespace marmoset::websocket_module
