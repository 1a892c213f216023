// What goes out: pieces of messages to frames, compressed or not; control frames; the close.
#include <algorithm>
#include <cstring>

#include "websocket/masking_key.h"
#include "websocket/session.h"

namespace marmoset::websocket {

namespace {

// Frames up to this size are copied behind their header: one piece of memory instead of two.
constexpr size_t kCopiedPayload = 4096;
// What is copied of larger ones at a time.
constexpr size_t kCopiedPiece = net::OutputGather::kArena / 4;

}  // namespace

// False: `why` is the limit that another `size` bytes would pass.
bool Session::queue_has_room(size_t size, CloseReason& why) const {
    const uint64_t waiting = connection().unsent() + size;
    if (!connection().blocked() || waiting <= std::min(settings_.max_queue, kLargeMessage)) return true;
    // Over the process's limit those who make it up are the ones who take nothing.
    const bool exhausted = connection().loop().memory_exhausted();
    why = exhausted ? CloseReason::MemoryLimit : CloseReason::Overflow;
    return waiting <= settings_.max_queue && !exhausted;
}

bool Session::send(Bytes piece, bool binary, bool first, bool last) {
    if (!open()) return true;
    if (!binary) {
        if (first) outgoing_text_.reset();
        if (!outgoing_text_.feed(piece) || (last && !outgoing_text_.complete())) return false;
    }
    if (first) {
        deflating_ = deflate_ && deflate_->compresses(piece.size(), last);
        frame_sent_ = false;
    }
    if (deflating_) {
        const Bytes deflated = deflate_->send(piece, first, last);
        account_contexts();
        if (deflated.empty()) return true;  // kept until there is more of it
        // What compression does not make smaller leaves as it is, unless later messages refer to it.
        deflating_ = !(first && last && deflate_->sends_independently() && deflated.size() >= piece.size());
        if (deflating_) piece = deflated;
    }
    CloseReason why{};
    if (!queue_has_room(piece.size(), why)) {
        fail(why);
        return true;
    }
    if (last) count_sent();
    const Opcode opcode = frame_sent_ ? Opcode::Continuation : binary ? Opcode::Binary : Opcode::Text;
    write_frame(opcode, last, piece, deflating_ && !frame_sent_ ? kRsvCompressed : 0);
    frame_sent_ = true;
    return true;
}

// Large payload of a server leaves from where it lies, unless its memory serves the next message (what was
// compressed).
void Session::write_frame(Opcode opcode, bool fin, Bytes payload, uint8_t rsv) {
    net::OutputGather& output = connection().loop().output();
    const bool masked = settings_.role == Role::Client;
    const bool borrowed = payload.size() > kCopiedPayload && !masked && !deflating_;
    size_t copied = borrowed ? 0 : std::min(payload.size(), kCopiedPiece);
    if (settings_.frames) {
        FrameHeader shown;
        shown.fin = fin;
        shown.rsv = rsv;
        shown.opcode = static_cast<uint8_t>(opcode);
        shown.masked = masked;
        shown.length = payload.size();
        settings_.frames->on_frame(shown, true);
    }
    uint8_t* at = output.reserve(kMaxFrameHeader + copied);
    size_t header = encode_frame_header(at, opcode, fin, payload.size(), rsv);
    uint8_t key[4];
    if (masked) {
        make_masking_key(key);
        header = add_mask(at, header, key);
    }
    if (copied > 0) std::memcpy(at + header, payload.data(), copied);
    if (masked) apply_mask({at + header, copied}, key, 0);
    output.commit(connection(), header + copied);
    if (borrowed) {
        output.append_borrowed(connection(), payload);
        return;
    }
    while (copied < payload.size()) {
        const size_t piece = std::min(payload.size() - copied, kCopiedPiece);
        at = output.reserve(piece);
        std::memcpy(at, payload.data() + copied, piece);
        if (masked) apply_mask({at, piece}, key, copied);
        output.commit(connection(), piece);
        copied += piece;
    }
}

void Session::send_frames(Bytes frames, Ref<RefCounted> owner, size_t count) {
    if (!open()) return;
    CloseReason why{};
    if (!queue_has_room(frames.size(), why)) {
        refuse_frame(why);
        return;
    }
    count_sent(count);
    connection().write_shared(frames, std::move(owner));
}

void Session::refuse_frame(CloseReason why) {
    if (!settings_.drop_published) {
        fail(why);
        return;
    }
    connection().loop().counters().add(Counter::MessagesDropped);
    connection().loop().counters().add(why == CloseReason::Overflow ? Counter::LimitQueue
                                                                    : Counter::LimitMaxMemory);
}

void Session::close(uint16_t code, std::string_view reason, CloseReason why) {
    if (!open()) return;
    close_sent_ = true;
    why_ = why;
    code_ = code;
    uint8_t payload[125];
    send_control(Opcode::Close, {payload, encode_close_payload(payload, code, reason)});
    // Data is thrown away from here on, so nothing holds reading back: the peer's Close frame must be heard.
    for (net::ReadPause pause : {net::ReadPause::Output, net::ReadPause::Credit, net::ReadPause::Link})
        connection().resume(pause);
    connection().set_deadline(settings_.close_timeout_ms);
    if (!held_) return;
    account_held(-static_cast<int64_t>(held_->size()));
    const auto held = std::move(held_);
    if (in_payload_ && payload_left_ == 0) take_payload({});
    consume(*held);
}

// RFC 6455 7.1.7: fail the connection. The peer's answer is not waited for.
void Session::abort(CloseReason why, uint16_t code) {
    if (ended_) return;
    if (!close_sent_) {
        close_sent_ = true;
        uint8_t payload[125];
        send_control(Opcode::Close, {payload, encode_close_payload(payload, code, {})});
    }
    why_ = why;
    report_end(code, describe(why).text);
    connection().close_after_output(why);
}

}  // namespace marmoset::websocket
