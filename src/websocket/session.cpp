// What comes in: frames to pieces of messages, control frames to their answers; the clocks and the end. What
// goes out is in session_output.cpp.
#include "websocket/session.h"

#include <algorithm>
#include <cstring>

namespace marmoset::websocket {

Session::Session(net::Connection& connection, Endpoint& endpoint, const SessionSettings& settings,
                 std::unique_ptr<PerMessageDeflate> deflate)
    : net::Protocol(connection), endpoint_(endpoint), settings_(settings), deflate_(std::move(deflate)) {
    connection.set_deadline(tick_ms());
    connection.loop().counters().add(Counter::Websockets);
}

Session::~Session() = default;

// ---- frames in ------------------------------------------------------------------------------------------

size_t Session::read_limit() const {
    if (!open()) return SIZE_MAX;
    // Small frames may cost more than their bytes (each its payload + 12): what is read beyond the credit is
    // held back. Without any credit control frames are still read.
    return endpoint_.receive_credit(*this) + kMaxFrameHeader;
}

void Session::on_bytes(MutableBytes data) {
    heard_ = true;
    if (held_) {  // read along with what had to wait, before the pause took effect
        held_->insert(held_->end(), data.begin(), data.end());
        account_held(static_cast<int64_t>(data.size()));
        return;
    }
    consume(data);
}

// A data frame's payload is next, and the endpoint has no credit for it.
bool Session::waits_for_credit() const {
    return in_payload_ && !is_control(opcode_) && open() && endpoint_.receive_credit(*this) < kLeastCredit;
}

// What nearly all that come are: messages of one frame, small, uncompressed, whole in this read. They cost a
// third of the general way; whatever is different in the least is left to it. Returns what was taken.
size_t Session::take_small_messages(MutableBytes data) {
    size_t taken = 0;
    while (data.size() - taken >= 4 + sizeof mask_) {
        uint8_t* const frame = data.data() + taken;
        const bool text = frame[0] == 0x81;  // FIN and the opcode alone
        size_t length = frame[1] & 0x7fu;
        size_t header = 2 + sizeof mask_;
        if (length == 126) {
            length = load_big<uint16_t>(frame + 2);
            if (length < 126) break;
            header += sizeof(uint16_t);
        }
        if ((!text && frame[0] != 0x82) || frame[1] < 0x80 || frame[1] == 0xff) break;
        if (length > data.size() - taken - header || length > settings_.max_message ||
            length >= kLargeMessage || endpoint_.receive_credit(*this) < length + 12) {
            break;
        }
        const MutableBytes payload(frame + header, length);
        apply_mask(payload, frame + header - sizeof mask_, 0);
        taken += header + length;
        text_ = text;
        delivered_ = false;
        if (text) incoming_text_.reset();
        deliver(payload, true);
        if (!open() || connection().closing()) break;
    }
    return taken;
}

void Session::consume(MutableBytes data) {
    const bool between_messages =
        !in_payload_ && header_size_ == 0 && rules_.message_opcode() == Opcode::Continuation;
    if (between_messages && open() && settings_.max_fragments > 0 && settings_.role == Role::Server &&
        !settings_.frames) {
        data = data.subspan(take_small_messages(data));
    }
    while (!data.empty() && !close_received_ && !ended_ && !connection().closing() && !waits_for_credit()) {
        // Payload in pieces that the credit covers; each is one record, and lowers the credit for the next.
        size_t covered = data.size();
        if (in_payload_ && !is_control(opcode_) && open())
            covered = std::min(covered, endpoint_.receive_credit(*this) - 12);
        data = data.subspan(in_payload_ ? take_payload(data.first(covered)) : take_header(data));
    }
    if (!ended_ && waits_for_credit()) {
        held_ = std::make_unique<std::vector<uint8_t>>(data.begin(), data.end());
        account_held(static_cast<int64_t>(data.size()));
        connection().pause(net::ReadPause::Credit);
    }
}

void Session::resume_receiving() {
    if (!held_ || waits_for_credit()) return;
    connection().resume(net::ReadPause::Credit);
    account_held(-static_cast<int64_t>(held_->size()));
    const auto held = std::move(held_);
    if (in_payload_ && payload_left_ == 0) take_payload({});
    if (!ended_) consume(*held);
}

size_t Session::take_header(Bytes data) {
    DecodedHeader decoded;
    size_t used = 0;
    if (header_size_ == 0) {
        decoded = decode_frame_header(data);
        used = decoded.size;
    }
    if (header_size_ > 0 || decoded.status == DecodeStatus::NeedMore) {
        const size_t room = std::min<size_t>(data.size(), kMaxFrameHeader - header_size_);
        std::memcpy(header_ + header_size_, data.data(), room);
        decoded = decode_frame_header({header_, header_size_ + room});
        if (decoded.status == DecodeStatus::NeedMore) {
            header_size_ = static_cast<uint8_t>(header_size_ + room);
            return room;
        }
        used = decoded.status == DecodeStatus::Complete ? static_cast<size_t>(decoded.size - header_size_)
                                                        : room;
        header_size_ = 0;
    }
    if (decoded.status == DecodeStatus::Invalid) {
        abort(CloseReason::ProtocolError, kProtocolError);
        return data.size();
    }
    if (settings_.frames) settings_.frames->on_frame(decoded.header, false);
    if (!check_header(decoded.header)) return data.size();
    std::memcpy(mask_, decoded.header.mask, sizeof mask_);
    opcode_ = static_cast<Opcode>(decoded.header.opcode);
    fin_ = decoded.header.fin;
    payload_left_ = decoded.header.length;
    payload_offset_ = 0;
    in_payload_ = true;
    if (payload_left_ == 0 && !waits_for_credit()) take_payload({});
    return used;
}

bool Session::check_header(const FrameHeader& header) {
    const auto opcode = static_cast<Opcode>(header.opcode);
    const Role sender = settings_.role == Role::Server ? Role::Client : Role::Server;
    const FrameRules::Limits limits{settings_.max_message, settings_.max_fragments, deflate_ != nullptr};
    switch (rules_.check(header, sender, limits, close_sent_)) {
        case FrameRules::Verdict::Accept:
            break;
        case FrameRules::Verdict::ProtocolError:
            abort(CloseReason::ProtocolError, kProtocolError);
            return false;
        case FrameRules::Verdict::TooBig:
            abort(CloseReason::MessageTooBig, kMessageTooBig);
            return false;
        case FrameRules::Verdict::TooManyFragments:
            abort(CloseReason::TooManyFragments, kMessageTooBig);
            return false;
    }
    if (is_control(opcode)) return true;
    if (opcode != Opcode::Continuation) begin_message();
    if (close_sent_) return true;
    const bool was_small = rules_.message_size() - header.length < kLargeMessage;
    if (was_small && rules_.message_size() >= kLargeMessage && connection().loop().memory_exhausted()) {
        abort(CloseReason::MemoryLimit, kTryAgainLater);
        return false;
    }
    return true;
}

void Session::begin_message() {
    text_ = rules_.message_opcode() == Opcode::Text;
    delivered_ = false;
    incoming_text_.reset();
    inflating_ = rules_.compressed() && !close_sent_;
    inflated_size_ = 0;
    if (inflating_) deflate_->begin_receiving();
}

size_t Session::take_payload(MutableBytes data) {
    const size_t size = std::min<uint64_t>(payload_left_, data.size());
    const MutableBytes piece = data.first(size);
    if (settings_.role == Role::Server) apply_mask(piece, mask_, payload_offset_);
    if (inflating_ && !is_control(opcode_)) return take_compressed_payload(piece);
    payload_left_ -= size;
    const bool end_of_frame = payload_left_ == 0;
    if (end_of_frame) in_payload_ = false;
    if (is_control(opcode_)) {
        on_control_payload(piece, end_of_frame);
    } else {
        on_data_payload(piece, end_of_frame);
    }
    payload_offset_ += size;
    return size;
}

void Session::on_data_payload(MutableBytes piece, bool end_of_frame) {
    const bool last = fin_ && end_of_frame;
    if (last) rules_.end_message();
    if (!close_sent_) deliver(piece, last);  // what comes behind our Close frame has no receiver any more
}

void Session::deliver(MutableBytes piece, bool last) {
    bytes_received += piece.size();
    if (text_ && (!incoming_text_.feed(piece) || (last && !incoming_text_.complete()))) {
        abort(CloseReason::InvalidUtf8, kInvalidPayload);
        return;
    }
    if (piece.empty() && !last) return;
    if (last) {
        ++messages_received;
        connection().loop().counters().add(Counter::MessagesIn);
    }
    const bool first = !delivered_;
    delivered_ = true;
    endpoint_.on_message_data(*this, piece, !text_, first, last);
}

// Returns how much of `piece` was taken: less than all when the endpoint has no credit for what it becomes.
size_t Session::take_compressed_payload(MutableBytes piece) {
    const bool last = fin_ && payload_left_ == piece.size();
    size_t used = 0;
    bool done = close_sent_;
    if (done) used = piece.size();  // what comes behind our Close frame has no receiver any more
    while (!done) {
        const size_t credit = endpoint_.receive_credit(*this);
        if (credit < kLeastCredit) break;
        // One byte beyond the limit shows that the message passes it.
        const uint64_t most = std::min<uint64_t>(credit - 12, settings_.max_message - inflated_size_ + 1);
        const PerMessageDeflate::Inflated inflated = deflate_->receive(piece.subspan(used), last, most);
        account_contexts();
        used += inflated.used;
        done = inflated.done;
        if (!inflated.valid) {
            abort(CloseReason::InvalidDeflate, kInvalidPayload);
            return piece.size();
        }
        if (!on_inflated(inflated.output, done && last)) return piece.size();
        if (close_sent_) break;
    }
    apply_mask(piece.subspan(used), mask_,
               payload_offset_ + used);  // masked again, as it came, until its turn
    payload_left_ -= used;
    payload_offset_ += used;
    if (done && payload_left_ == 0) {
        in_payload_ = false;
        if (fin_) rules_.end_message();
    }
    return used;
}

// False: the session has ended.
bool Session::on_inflated(MutableBytes piece, bool last) {
    const bool was_small = inflated_size_ < kLargeMessage;
    inflated_size_ += piece.size();
    if (inflated_size_ > settings_.max_message) {
        abort(CloseReason::MessageTooBig, kMessageTooBig);
        return false;
    }
    if (was_small && inflated_size_ >= kLargeMessage && connection().loop().memory_exhausted()) {
        abort(CloseReason::MemoryLimit, kTryAgainLater);
        return false;
    }
    deliver(piece, last);
    return !ended_;
}

void Session::on_control_payload(MutableBytes piece, bool end_of_frame) {
    if (end_of_frame && !control_) {
        on_control_frame(piece);
        return;
    }
    if (!control_) control_ = std::make_unique<ControlFrame>();
    std::copy(piece.begin(), piece.end(), control_->payload + control_->size);
    control_->size = static_cast<uint8_t>(control_->size + piece.size());
    if (!end_of_frame) return;
    const auto whole = std::move(control_);
    on_control_frame({whole->payload, whole->size});
}

void Session::on_control_frame(Bytes payload) {
    if (opcode_ == Opcode::Close) {
        on_close_frame(payload);
    } else if (opcode_ == Opcode::Ping && !close_sent_) {
        if (!connection().blocked()) {
            send_control(Opcode::Pong, payload);
            return;
        }
        // RFC 6455 5.5.3: of several pings only the latest needs its answer; a client that takes nothing must
        // not pile them up.
        if (!pending_pong_) pending_pong_ = std::make_unique<ControlFrame>();
        std::copy(payload.begin(), payload.end(), pending_pong_->payload);
        pending_pong_->size = static_cast<uint8_t>(payload.size());
    } else if (opcode_ == Opcode::Pong) {
        endpoint_.on_pong(*this, payload);
    }
}

void Session::on_close_frame(Bytes payload) {
    const ParsedClose close = parse_close_payload(payload);
    if (close.error != 0) {
        abort(close.error == kInvalidPayload ? CloseReason::InvalidUtf8 : CloseReason::ProtocolError,
              close.error);
        return;
    }
    close_received_ = true;
    if (!close_sent_) {
        why_ = CloseReason::CloseHandshake;
        close_sent_ = true;
        send_control(Opcode::Close, payload);  // code and reason, as most implementations echo them
    }
    report_end(close.code, close.reason);
    // Nothing follows a Close frame (RFC 6455 5.5.1), so there is nothing to linger for once ours has left. A
    // client lets the server close first (7.1.1).
    connection().flush();
    if (connection().unsent() == 0 && settings_.role == Role::Server) {
        connection().close(CloseReason::CloseHandshake);
    } else {
        connection().close_after_output(CloseReason::CloseHandshake);
    }
}

// ---- time and ends --------------------------------------------------------------------------------------

void Session::on_output_progress() {
    if (!connection().blocked() && pending_pong_ && open()) {
        const auto pong = std::move(pending_pong_);
        send_control(Opcode::Pong, {pong->payload, pong->size});
    }
    if (!ended_) endpoint_.on_output_progress(*this);
}

void Session::on_deadline() {
    if (close_sent_) {
        connection().loop().counters().add(Counter::LimitCloseTimeout);
        connection().close(why_ == CloseReason::CloseHandshake ? CloseReason::CloseTimeout : why_);
    } else {
        check_liveness();
    }
}

void Session::check_liveness() {
    const uint64_t sent = connection().bytes_sent();
    stalled_ticks_ = connection().blocked() && sent == output_mark_ ? stalled_ticks_ + 1 : 0;
    output_mark_ = sent;
    if (stalled_ticks_ * tick_ms() >= settings_.send_timeout_ms && stalled_ticks_ > 0) {
        connection().close(CloseReason::SendTimeout);
        return;
    }
    connection().set_deadline(tick_ms());
    if (settings_.ping_ms == 0) return;
    if (heard_ || connection().paused()) {  // while we don't listen, silence proves nothing
        heard_ = false;
        pings_unanswered_ = 0;
        silent_ticks_ = 0;
        return;
    }
    if (++silent_ticks_ * tick_ms() < settings_.ping_ms) return;
    silent_ticks_ = 0;
    if (connection().blocked()) return;  // no ping can leave; send_timeout judges those who take nothing
    if (pings_unanswered_ >= settings_.ping_misses) {
        connection().close(CloseReason::PingTimeout);
        return;
    }
    ++pings_unanswered_;
    send_control(Opcode::Ping, {});
}

void Session::on_end_of_stream() {
    connection().close(CloseReason::PeerClosed);
}

void Session::on_closed(CloseReason reason) {
    if (!close_sent_) why_ = reason;
    report_end(kAbnormal, describe(reason).text);
}

void Session::on_shutdown() {
    close(kGoingAway, "server is stopping", CloseReason::Shutdown);
}

void Session::on_restart() {
    close(kServiceRestart, "server has been reloaded", CloseReason::Restart);
}

void Session::report_end(uint16_t code, std::string_view reason) {
    if (ended_) return;
    ended_ = true;
    code_ = code;
    connection().loop().counters().subtract(Counter::Websockets);
    connection().loop().counters().websocket_closed(why_);
    if (held_) account_held(-static_cast<int64_t>(held_->size()));
    held_.reset();
    if (deflate_) {
        deflate_->release();
        account_contexts();
    }
    endpoint_.on_session_end(*this, code, reason, why_);
}

}  // namespace marmoset::websocket
