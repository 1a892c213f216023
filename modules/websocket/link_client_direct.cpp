// A client on a link in direct mode: accepted by the server as in relay, then handed over. Its id stays open
// until the server says that the client has gone.
#include <utility>
#include <vector>

#include "hub.h"
#include "link_client.h"
#include "log/access_log.h"

namespace marmoset::websocket_module {

using link::RecordType;

void LinkClient::hand_over(std::string_view subprotocol) {
    http::Exchange* exchange = request();
    if (!exchange) return;  // its end is already on its way
    const auto agreed = agree_on_deflate(*exchange, settings_);
    handing_over_ = true;
    upgrade(subprotocol, agreed,
            std::make_unique<Handover>(exchange->connection(), static_cast<Handover::Receiver&>(*this),
                                       settings_.session.send_timeout_ms));
}

void LinkClient::on_handover_ready(Handover& handover) {
    handing_over_ = false;
    if (!hub_) {  // the server has gone, or closed the client, meanwhile
        handover.connection().close(CloseReason::ServerGone);
        release_if_over();
        return;
    }
    const bool own = handover.transferable() && handover.early().size() <= link::kMaxRecordPayload;
    FileDescriptor descriptor =
        own ? handover.give_descriptor()
            : handover.give_bridge(static_cast<net::ConnectionObserver&>(*this), bridge_);
    if (descriptor) {
        hub_->send_handover(id_, own ? handover.early() : Bytes(), std::move(descriptor));
        if (session_over()) end_session();
        return;
    }
    on_handover_lost(CloseReason::InternalError);
}

void LinkClient::on_handover_lost(CloseReason) {
    handing_over_ = false;
    if (hub_) {
        hub_->send({0, id_, RecordType::Close, 0, websocket::kAbnormal}, {});
        leave_link(false);
    }
    log_direct(websocket::kAbnormal);
    release_if_over();
}

void LinkClient::on_connection_closed(net::Connection&, CloseReason) {
    bridge_ = nullptr;
    release_if_over();
}

void LinkClient::end_session() {
    if (direct_) {
        close_direct(websocket::kPolicyViolation);
    } else {
        RelayClient::end_session();
    }
}

void LinkClient::close_direct(uint16_t code) {
    if (!hub_ || handing_over_) return;
    hub_->send({0, id_, RecordType::Close, 0, code}, {});
    leave_link(false);
    log_direct(code);
    release_if_over();
}

void LinkClient::log_direct(uint16_t code) {
    log::AccessRecord record;
    GatewayClient::write_log(record, code);
}

}  // namespace marmoset::websocket_module
