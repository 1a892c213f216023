#include "link_client.h"

#include <algorithm>

#include "base/text.h"
#include "hub.h"
#include "log/logger.h"
#include "websocket/handshake.h"
#include "websocket/utf8.h"

namespace marmoset::websocket_module {

using link::RecordType;

namespace {

log::RateLimit server_faults;

}  // namespace

LinkClient::LinkClient(http::Exchange& exchange, const Settings& settings, module::Worker& worker, Hub& hub,
                       bool direct)
    : RelayClient(exchange, settings, worker, hub.server()),
      hub_(&hub),
      direct_(direct),
      granted_(settings.window()) {
    worker.loop.timers().arm(*this, settings.handshake_timeout_ms);
}

// ---- records of the server ------------------------------------------------------------------------------

const char* LinkClient::on_accept(std::string_view subprotocol) {
    if (accepted_) return "ACCEPT twice";
    accepted_ = true;
    worker_.loop.timers().disarm(*this);
    send_credit_ = hub_->server_window_;
    const http::Exchange* exchange = request();
    if (!exchange) return nullptr;  // its end is already on its way
    if (!subprotocol.empty()) {
        const std::string offered = exchange->request.joined("sec-websocket-protocol");
        std::vector<std::string_view> tokens;
        websocket::parse_protocols(offered, tokens);
        if (std::find(tokens.begin(), tokens.end(), subprotocol) == tokens.end()) {
            log::error("{}: accepted with subprotocol \"{}\", which was not offered", hub_->server(),
                       subprotocol);
            hub_->send({0, id_, RecordType::Close, 0, websocket::kInternalError},
                       as_bytes("subprotocol was not offered"));
            leave_link(false);
            refuse(500, {});
            release_if_over();
            return nullptr;
        }
    }
    const auto fallback = std::move(default_subprotocol_);
    const std::string chosen(subprotocol.empty() && fallback ? *fallback : subprotocol);
    if (direct_) {
        start_handover(chosen);
    } else {
        accept(chosen);
    }
    return nullptr;
}

const char* LinkClient::on_reject(unsigned status, std::string_view reason) {
    if (accepted_) return "REJECT after ACCEPT";
    hub_->send({0, id_, RecordType::Close, 0, websocket::kAbnormal}, {});
    leave_link(true);
    refuse(status >= 400 && status <= 599 ? status : 500,
           websocket::is_valid_utf8(as_bytes(reason)) ? reason : std::string_view());
    release_if_over();
    return nullptr;
}

const char* LinkClient::on_message(const link::RecordHeader& header, Bytes payload) {
    if (!accepted_) return "MESSAGE before ACCEPT";
    const uint64_t cost = link::message_cost(payload.size());
    if (cost > granted_) return "MESSAGE beyond the client's credit";
    const bool first = (header.flags & link::kFirst) != 0;
    const bool last = (header.flags & link::kLast) != 0;
    if (first == receiving_) return first ? "a second FIRST before LAST" : "MESSAGE without FIRST";
    granted_ -= cost;
    owed_ += cost;
    if (first) binary_ = (header.flags & link::kBinary) != 0;
    receiving_ = !last;
    if (websocket::Session* session = this->session()) {
        if (!session->send(payload, binary_, first, last) && hub_) {
            on_fault("text message is not UTF-8");
        }
    }
    if (!hub_)
        return nullptr;  // the session has ended in the call: too much was waiting, or the text was bad
    if (owed_ >= least_grant() && !due_) {
        due_ = true;
        hub_->credit_due_.push_back(id_);
    }
    if (last && !held_.empty()) {
        auto held = std::move(held_);
        held_.clear();
        held_bytes_ = 0;
        for (const Held& each : held)
            deliver(each.frames, each.owner, each.count);
    }
    return nullptr;
}

const char* LinkClient::on_close(uint16_t code, std::string_view reason) {
    hub_->send({0, id_, RecordType::Close, 0, code}, {});
    const std::string& server = hub_->server();
    // Of a client that was handed over it tells how the connection has ended: also without a Close frame.
    const bool told = direct_ && (code == websocket::kAbnormal);
    if (code != websocket::kNoStatus && !told && !websocket::is_sendable_close_code(code)) {
        if (server_faults.permit(worker_.loop.now()))
            log::error("{}: illegal close code {}, sent as 1011{}", server, code, server_faults.suffix());
        code = websocket::kInternalError;
    }
    if (!websocket::is_valid_utf8(as_bytes(reason))) reason = {};
    leave_link(true);
    // Whether the client or the server ended it is not told, but who is too slow for what is published is.
    end_direct(code, code == websocket::kAbnormal        ? CloseReason::PeerClosed
                     : code == websocket::kTryAgainLater ? CloseReason::Overflow
                                                         : CloseReason::CloseHandshake);
    if (waiting()) refuse(503, reason);
    if (session()) session()->close(code, reason, CloseReason::ServerClosed);
    release_if_over();
    return nullptr;
}

const char* LinkClient::on_credit(uint32_t bytes) {
    if (!accepted_) return "CREDIT before ACCEPT";
    send_credit_ += bytes;
    if (session() && session()->open()) session()->resume_receiving();
    return nullptr;
}

void LinkClient::on_fault(const char* what) {
    if (hub_ && server_faults.permit(worker_.loop.now())) {
        log::error("{}: {}, client closed with 1011{}", hub_->server(), what, server_faults.suffix());
    }
    if (session()) session()->fail(CloseReason::ServerError);
}

void LinkClient::deliver(Bytes frames, const Ref<RefCounted>& owner, size_t count) {
    if (receiving_) {
        // A published message waits for the end of the one being sent: frames of two messages never mix (RFC
        // 6455 5.4).
        if (session() &&
            held_bytes_ + frames.size() + session()->connection().unsent() > settings_.session.max_queue) {
            session()->refuse_frame(CloseReason::Overflow);
            return;
        }
        held_bytes_ += frames.size();
        held_.push_back({frames, owner, count});
    } else if (session()) {
        session()->send_frames(frames, owner, count);
    }
}

void LinkClient::grant_credit() {
    due_ = false;
    if (!session() || !hub_) return;
    // What is still queued here has not been handed on.
    const uint64_t handed_on = owed_ - std::min(owed_, session()->connection().unsent());
    if (handed_on < least_grant()) return;
    owed_ -= handed_on;
    granted_ += handed_on;
    uint8_t payload[4];
    store<uint32_t>(payload, static_cast<uint32_t>(handed_on));
    hub_->send({0, id_, RecordType::Credit, 0, 0}, payload);
}

// ---- the client's session -------------------------------------------------------------------------------

size_t LinkClient::receive_credit(const websocket::Session&) const {
    // Never more than one record's worth: a piece of a message is then one record, and costs what the session
    // reckons.
    return std::min<uint64_t>(send_credit_, link::kMaxRecordPayload + link::kRecordHeader);
}

void LinkClient::on_message_data(websocket::Session& session, MutableBytes piece, bool binary, bool first,
                                 bool last) {
    if (!hub_) return;
    message_size_ = first ? piece.size() : message_size_ + piece.size();
    if (message_size_ > hub_->server_max_message_) {
        session.fail(CloseReason::MessageTooBig);
        return;
    }
    const auto flags = static_cast<uint8_t>((binary ? link::kBinary : 0) | (first ? link::kFirst : 0) |
                                            (last ? link::kLast : 0));
    hub_->send({0, id_, RecordType::Message, flags, 0}, piece);
    send_credit_ -= std::min(send_credit_, link::message_cost(piece.size()));
    if (hub_ && hub_->congested() && !paused_on_link_) {
        paused_on_link_ = true;
        hub_->paused_.push_back(id_);
        session.connection().pause(net::ReadPause::Link);
    }
}

void LinkClient::on_link_drained() {
    if (!paused_on_link_) return;
    paused_on_link_ = false;
    if (session()) session()->connection().resume(net::ReadPause::Link);
}

void LinkClient::on_output_progress(websocket::Session&) {
    if (owed_ >= least_grant()) grant_credit();
}

void LinkClient::on_session_end(websocket::Session& session, uint16_t code, std::string_view reason,
                                CloseReason) {
    if (hub_) {
        hub_->send({0, id_, RecordType::Close, 0, code}, as_bytes(reason));
        leave_link(false);
    }
    write_log(session, code);
    session_ended();
    release_if_over();
}

// ---- ends -----------------------------------------------------------------------------------------------

void LinkClient::on_request_aborted() {
    forget_request();
    if (hub_) {
        hub_->send({0, id_, RecordType::Close, 0, websocket::kAbnormal}, {});
        leave_link(false);
    }
    release_if_over();
}

void LinkClient::on_link_end() {
    hub_ = nullptr;
    topics.reset();
    worker_.loop.timers().disarm(*this);
    if (waiting()) refuse(503, "the system server is gone");
    if (session()) session()->close(websocket::kServiceRestart, {}, CloseReason::ServerGone);
    if (!handing_over_) end_direct(websocket::kServiceRestart, CloseReason::ServerGone);
    release_if_over();
}

void LinkClient::on_timer() {
    worker_.loop.counters().add(Counter::LimitHandshakeTimeout);
    log::warning("{}: no answer to a handshake in {} s", hub_->server(),
                 settings_.handshake_timeout_ms / 1000);
    hub_->send({0, id_, RecordType::Close, 0, websocket::kAbnormal}, as_bytes("handshake timeout"));
    leave_link(false);
    refuse(503, "the system server does not answer");
    release_if_over();
}

void LinkClient::leave_link(bool server_is_done) {
    worker_.loop.timers().disarm(*this);
    hub_->retire_id(*this, server_is_done);
    hub_ = nullptr;
    held_.clear();
}

}  // namespace marmoset::websocket_module
