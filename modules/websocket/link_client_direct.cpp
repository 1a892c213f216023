// A client on a link in direct mode: accepted by the server as in relay, then handed over. Its id stays open
// until the server says that the client has gone.
#include <utility>
#include <vector>

#include "hub.h"
#include "link_client.h"

namespace marmoset::websocket_module {

using link::RecordType;

void LinkClient::start_handover(std::string_view subprotocol) {
    http::Exchange* exchange = request();
    if (!exchange) return;  // its end is already on its way
    handing_over_ = true;
    hand_over(subprotocol, agree_on_deflate(*exchange, settings_), *this);
}

void LinkClient::on_handover_ready(Handover& handover) {
    handing_over_ = false;
    if (!hub_) {  // the server has gone, or closed the client, meanwhile
        handover.connection().close(CloseReason::ServerGone);
        end_direct(websocket::kServiceRestart, CloseReason::ServerGone);
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

void LinkClient::on_handover_lost(CloseReason reason) {
    handing_over_ = false;
    if (hub_) {
        hub_->send({0, id_, RecordType::Close, 0, websocket::kAbnormal}, {});
        leave_link(false);
    }
    end_direct(websocket::kAbnormal, reason);
    release_if_over();
}

void LinkClient::on_connection_closed(net::Connection&, CloseReason) {
    bridge_ = nullptr;
    release_if_over();
}

void LinkClient::end_session() {
    if (direct_) {
        close_direct(websocket::kPolicyViolation, CloseReason::SessionOver);
    } else {
        RelayClient::end_session();
    }
}

void LinkClient::close_direct(uint16_t code, CloseReason why) {
    if (!hub_ || handing_over_) return;
    hub_->send({0, id_, RecordType::Close, 0, code}, {});
    leave_link(false);
    end_direct(code, why);
    release_if_over();
}

}  // namespace marmoset::websocket_module
