#include "relay_client.h"

#include "log/access_log.h"
#include "net/connection.h"
#include "websocket/close_code.h"

namespace marmoset::websocket_module {

bool RelayClient::accept(std::string_view subprotocol) {
    http::Exchange* exchange = request();
    if (!exchange) {
        forget_request();
        return false;
    }
    const auto agreed = agree_on_deflate(*exchange, settings_);
    std::unique_ptr<websocket::PerMessageDeflate> deflate;
    if (agreed)
        deflate = std::make_unique<websocket::PerMessageDeflate>(*agreed, *settings_.deflate_contexts);
    auto session = std::make_unique<websocket::Session>(exchange->connection(), *this, settings_.session,
                                                        std::move(deflate));
    session_ = session.get();
    worker_.loop.counters().add(Counter::HandshakesAccepted);
    const bool upgraded = upgrade(subprotocol, agreed, std::move(session));
    if (session_over()) end_session();
    return upgraded;
}

void RelayClient::end_session() {
    if (session_ && session_->open())
        session_->close(websocket::kPolicyViolation, "the session is over", CloseReason::SessionOver);
}

void RelayClient::write_log(const websocket::Session& session, uint16_t code) {
    if (!logs()) return;
    log::AccessRecord record;
    record.bytes_sent = session.connection().bytes_sent();
    record.messages_in = session.messages_received;
    record.messages_out = session.messages_sent;
    record.bytes_in = session.bytes_received;
    GatewayClient::write_log(record, code);
}

}  // namespace marmoset::websocket_module
