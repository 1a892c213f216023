#include "libwebsocket/interpose/message_reader.h"

#include <algorithm>
#include <cstring>

namespace marmoset::interpose {

using websocket::FrameRules;
using websocket::Opcode;
using websocket::Role;

namespace {

constexpr uint32_t kMaxFragments = 1024;
// Memory that a message has needed is kept up to this size.
constexpr size_t kKept = 65536;

}  // namespace

void MessageReader::feed(MutableBytes data) {
    while (!data.empty() && !ended_)
        data = data.subspan(in_payload_ ? take_payload(data) : take_header(data));
}

size_t MessageReader::take_header(Bytes data) {
    const size_t room = std::min(data.size(), sizeof partial_header_ - partial_size_);
    std::memcpy(partial_header_ + partial_size_, data.data(), room);
    const size_t before = partial_size_;
    const auto decoded = websocket::decode_frame_header({partial_header_, before + room});
    if (decoded.status == websocket::DecodeStatus::NeedMore) {
        partial_size_ = static_cast<uint8_t>(before + room);
        return room;
    }
    partial_size_ = 0;
    if (decoded.status == websocket::DecodeStatus::Invalid) {
        fail(websocket::kProtocolError);
        return data.size();
    }
    header_ = decoded.header;
    switch (rules_.check(header_, Role::Client, {max_message_, kMaxFragments, false})) {
        case FrameRules::Verdict::Accept:
            break;
        case FrameRules::Verdict::ProtocolError:
            fail(websocket::kProtocolError);
            return data.size();
        case FrameRules::Verdict::TooBig:
        case FrameRules::Verdict::TooManyFragments:
            fail(websocket::kMessageTooBig);
            return data.size();
    }
    const auto opcode = static_cast<Opcode>(header_.opcode);
    if (opcode == Opcode::Text) text_.reset();
    in_payload_ = true;
    payload_left_ = header_.length;
    payload_offset_ = 0;
    control_size_ = 0;
    if (payload_left_ == 0) end_of_frame();
    return decoded.size - before;
}

size_t MessageReader::take_payload(MutableBytes data) {
    const size_t size = std::min<uint64_t>(payload_left_, data.size());
    const MutableBytes piece = data.first(size);
    websocket::apply_mask(piece, header_.mask, payload_offset_);
    payload_left_ -= size;
    payload_offset_ += size;
    if (websocket::is_control(static_cast<Opcode>(header_.opcode))) {
        std::memcpy(control_ + control_size_, piece.data(), size);
        control_size_ = static_cast<uint8_t>(control_size_ + size);
    } else {
        if (rules_.message_opcode() == Opcode::Text && !text_.feed(piece)) {
            fail(websocket::kInvalidPayload);
            return size;
        }
        data_.insert(data_.end(), piece.begin(), piece.end());
    }
    if (payload_left_ == 0) end_of_frame();
    return size;
}

void MessageReader::end_of_frame() {
    in_payload_ = false;
    if (websocket::is_control(static_cast<Opcode>(header_.opcode))) {
        on_control_frame();
        return;
    }
    if (!header_.fin) return;
    const bool text = rules_.message_opcode() == Opcode::Text;
    rules_.end_message();
    if (text && !text_.complete()) {
        fail(websocket::kInvalidPayload);
        return;
    }
    const size_t begin = ends_.empty() ? taken_ : ends_.back();
    if (data_.size() > begin) ends_.push_back(data_.size());
}

void MessageReader::on_control_frame() {
    const Bytes payload{control_, control_size_};
    const auto opcode = static_cast<Opcode>(header_.opcode);
    if (opcode == Opcode::Ping) {
        last_reply_ = replies_.size();
        append_frame(replies_, Opcode::Pong, payload);
    }
    if (opcode != Opcode::Close) return;
    const auto close = websocket::parse_close_payload(payload);
    if (close.error != 0) {
        fail(close.error);
        return;
    }
    ended_ = true;
    append_frame(goodbye_, Opcode::Close, payload);
}

void MessageReader::append_frame(std::vector<uint8_t>& out, Opcode opcode, Bytes payload) {
    uint8_t header[websocket::kMaxFrameHeader];
    const size_t size = websocket::encode_frame_header(header, opcode, true, payload.size());
    out.insert(out.end(), header, header + size);
    out.insert(out.end(), payload.begin(), payload.end());
}

void MessageReader::fail(uint16_t code) {
    ended_ = true;
    data_.resize(ends_.empty() ? taken_ : ends_.back());  // what was whole before still counts
    uint8_t payload[websocket::kMaxControlPayload];
    append_frame(goodbye_, Opcode::Close, {payload, websocket::encode_close_payload(payload, code, {})});
}

size_t MessageReader::peek(MutableBytes into, size_t offset) const {
    const size_t size = std::min(into.size(), available() - offset);
    if (size > 0) std::memcpy(into.data(), data_.data() + taken_ + offset, size);
    return size;
}

size_t MessageReader::take(MutableBytes into) {
    const size_t size = peek(into, 0);
    if (size == 0) return 0;
    taken_ += size;
    if (taken_ == ends_.front()) ends_.pop_front();
    const bool half_gone = taken_ > kKept && taken_ > data_.size() / 2;
    if (taken_ == data_.size() || half_gone) {
        data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(taken_));
        for (size_t& end : ends_)
            end -= taken_;
        taken_ = 0;
        if (data_.empty() && data_.capacity() > kKept) std::vector<uint8_t>().swap(data_);
    }
    return size;
}

}  // namespace marmoset::interpose
