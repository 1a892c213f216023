// The receiving half of a client: decodes what a server sends and compares every byte with what was asked
// for. In: bytes as they arrive, in any pieces. Out: counts of whole replies, pings to answer, the close
// frame. Anything wrong is an exception that says which client, message and byte.
#pragma once

#include <cstdint>
#include <string>

#include "payload.h"
#include "websocket/frame.h"

namespace marmoset::bench {

/// How replies are told apart.
enum class Boundaries : uint8_t {
    Raw,       ///< no websocket: a reply is every `size` bytes
    Stream,    ///< frames may split and join messages (a gateway in front of a byte stream): every `size`
               ///< payload bytes
    Messages,  ///< a reply is one websocket message, in one frame or in fragments
};

class ReplyReader {
  public:
    ReplyReader(const Payload& payload, Boundaries boundaries, websocket::Opcode type, size_t client)
        : payload_(&payload), boundaries_(boundaries), type_(type), client_(client) {}

    uint64_t replies() const { return replies_; }
    bool close_received() const { return close_received_; }
    uint16_t close_code() const { return close_code_; }
    /// The payload of the latest ping since the last call, if one came: to be answered with a pong.
    bool take_ping(std::string& payload) {
        if (!ping_pending_) return false;
        payload = ping_;
        ping_pending_ = false;
        return true;
    }

    void feed(Bytes bytes) {
        if (boundaries_ == Boundaries::Raw) return compare(bytes);
        while (!bytes.empty()) {
            if (close_received_) fault("bytes behind the close frame");
            if (!in_frame_) {
                bytes = bytes.subspan(read_header(bytes));
                if (in_frame_ && left_ == 0) end_frame();
                continue;
            }
            size_t part = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
            if (is_control(opcode_)) {
                control_.append(as_text(bytes.first(part)));
            } else {
                compare(bytes.first(part));
            }
            left_ -= part;
            bytes = bytes.subspan(part);
            if (left_ == 0) end_frame();
        }
    }

  private:
    [[noreturn]] void fault(const std::string& what) const {
        throw std::runtime_error("client " + std::to_string(client_) + ", reply " + std::to_string(replies_) +
                                 ": " + what);
    }

    // Takes bytes until the header is complete; returns how many.
    size_t read_header(Bytes bytes) {
        size_t before = head_size_;
        size_t part = std::min(bytes.size(), sizeof head_ - before);
        std::memcpy(head_ + before, bytes.data(), part);
        head_size_ = before + part;
        websocket::DecodedHeader decoded = websocket::decode_frame_header({head_, head_size_});
        if (decoded.status == websocket::DecodeStatus::Invalid)
            fault("frame length not in its shortest form");
        if (decoded.status == websocket::DecodeStatus::NeedMore) return part;
        begin_frame(decoded.header);
        head_size_ = 0;
        return decoded.size - before;
    }

    void begin_frame(const websocket::FrameHeader& header) {
        if (header.masked) fault("masked frame from the server (RFC 6455 5.1)");
        if (header.rsv != 0) fault("reserved bits set");
        opcode_ = static_cast<websocket::Opcode>(header.opcode);
        fin_ = header.fin;
        left_ = header.length;
        in_frame_ = true;
        control_.clear();
        switch (opcode_) {
            case websocket::Opcode::Close:
            case websocket::Opcode::Ping:
            case websocket::Opcode::Pong:
                if (!fin_ || left_ > 125) fault("control frame fragmented or too long (RFC 6455 5.5)");
                break;
            case websocket::Opcode::Continuation:
                if (!in_message_) fault("continuation without a beginning");
                break;
            default:
                if (opcode_ != type_)
                    fault("opcode " + std::to_string(header.opcode) + " is not the one sent");
                if (in_message_) fault("a new message inside a fragmented one");
                in_message_ = true;
        }
    }

    void end_frame() {
        in_frame_ = false;
        if (is_control(opcode_)) return end_control();
        if (!fin_) return;
        in_message_ = false;
        if (boundaries_ != Boundaries::Messages) return;
        if (position_ != payload_->size()) {
            fault("ends after " + std::to_string(position_) + " of " + std::to_string(payload_->size()) +
                  " bytes");
        }
        position_ = 0;
        ++replies_;
    }

    void end_control() {
        if (opcode_ == websocket::Opcode::Ping) {
            ping_ = control_;
            ping_pending_ = true;  // RFC 6455 5.5.3: answering the latest is enough
        } else if (opcode_ == websocket::Opcode::Close) {
            close_received_ = true;
            if (control_.size() >= 2) close_code_ = load_big<uint16_t>(as_bytes(control_).data());
        }
    }

    void compare(Bytes bytes) {
        while (!bytes.empty()) {
            size_t part = std::min(bytes.size(), payload_->size() - position_);
            if (part == 0) fault("longer than the " + std::to_string(payload_->size()) + " bytes sent");
            Bytes expected = payload_->clear(client_, replies_).subspan(position_, part);
            if (std::memcmp(expected.data(), bytes.data(), part) != 0) report_difference(expected, bytes);
            position_ += part;
            bytes = bytes.subspan(part);
            if (position_ == payload_->size() && boundaries_ != Boundaries::Messages) {
                position_ = 0;
                ++replies_;
            }
        }
    }

    [[noreturn]] void report_difference(Bytes expected, Bytes bytes) const {
        size_t at = 0;
        while (expected[at] == bytes[at])
            ++at;
        fault("byte " + std::to_string(position_ + at) + " is " + std::to_string(bytes[at]) + ", sent was " +
              std::to_string(expected[at]));
    }

    const Payload* payload_;  // owned by the mode, outlives every client
    Boundaries boundaries_;
    websocket::Opcode type_;
    size_t client_;

    uint64_t replies_ = 0;
    size_t position_ = 0;  // in the current reply
    bool in_message_ = false;

    bool in_frame_ = false;
    websocket::Opcode opcode_ = websocket::Opcode::Continuation;
    bool fin_ = false;
    uint64_t left_ = 0;  // of the current frame's payload
    uint8_t head_[websocket::kMaxFrameHeader] = {};
    size_t head_size_ = 0;

    std::string control_;
    std::string ping_;
    bool ping_pending_ = false;
    bool close_received_ = false;
    uint16_t close_code_ = 1005;
};

}  // namespace marmoset::bench
