// Frames of a client to the payload of whole messages, for a program that knows of neither: bytes in, payload
// out, and the frames that answer pings and closes. Knows no descriptor.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.h"
#include "websocket/close_code.h"
#include "websocket/frame.h"
#include "websocket/frame_rules.h"
#include "websocket/utf8.h"

namespace marmoset::interpose {

class MessageReader {
  public:
    /// Messages of more than `max_message` bytes end the connection with 1009.
    explicit MessageReader(uint64_t max_message) : max_message_(max_message) {}

    /// Takes bytes as they came from the client; they are changed in place. After ended() they are thrown
    /// away.
    void feed(MutableBytes data);

    /// Bytes of the first whole message that have not been taken; 0: there is none. Empty messages are left
    /// out: to the program they would be the end of the stream.
    size_t available() const { return ends_.empty() ? 0 : ends_.front() - taken_; }
    /// Bytes of all of them.
    size_t available_in_all() const { return ends_.empty() ? 0 : ends_.back() - taken_; }
    /// Copies payload of the first message, at most `into.size()` bytes of it; what is left is the next
    /// call's.
    size_t take(MutableBytes into);
    /// The same without taking it, from `offset` on: at most available().
    size_t peek(MutableBytes into, size_t offset) const;

    /// No message follows those that are available: the client has closed, or broken a rule.
    bool ended() const { return ended_; }
    /// Pongs to be sent as they are, in order. The caller empties it.
    std::vector<uint8_t>& replies() { return replies_; }
    /// The Close frame to be sent once ended(), behind what the program says to the messages before.
    Bytes goodbye() const { return goodbye_; }
    /// Where the last of them begins.
    size_t last_reply() const { return last_reply_; }

  private:
    size_t take_header(Bytes data);
    size_t take_payload(MutableBytes data);
    void end_of_frame();
    void on_control_frame();
    void append_frame(std::vector<uint8_t>& out, websocket::Opcode opcode, Bytes payload);
    void fail(uint16_t code);

    const uint64_t max_message_;
    std::vector<uint8_t> data_;  // payload of whole messages, then of the one being received
    std::deque<size_t> ends_;    // where in data_ each whole message ends
    size_t taken_ = 0;           // bytes at the front of data_ that the program has
    std::vector<uint8_t> replies_;
    size_t last_reply_ = 0;
    std::vector<uint8_t> goodbye_;
    websocket::FrameRules rules_;
    websocket::Utf8Validator text_;
    uint64_t payload_left_ = 0;
    uint64_t payload_offset_ = 0;
    websocket::FrameHeader header_;
    uint8_t partial_header_[websocket::kMaxFrameHeader];
    uint8_t partial_size_ = 0;
    uint8_t control_[websocket::kMaxControlPayload];
    uint8_t control_size_ = 0;
    bool in_payload_ = false;
    bool ended_ = false;
};

}  // namespace marmoset::interpose
