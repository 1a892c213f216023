// Frames between the server and its worker processes. In: bytes. Out: frames; and back.
#include "frame.h"

#include <cstring>

namespace jsonrpc {

namespace {

struct Header {
    uint32_t size;
    uint8_t type, kind;
    uint16_t code;
    uint64_t client, call;
};
static_assert(sizeof(Header) == 24);

}  // namespace

void append_frame(std::string& bytes, const Frame& frame) {
    const Header header{static_cast<uint32_t>(frame.payload.size()),
                        static_cast<uint8_t>(frame.type),
                        frame.kind,
                        frame.code,
                        frame.client,
                        frame.call};
    bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(frame.payload);
}

char* FrameReader::space(size_t size) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
        // A large frame's memory is not kept for the small ones.
        if (buffer_.size() > 8 * size) std::string().swap(buffer_);
    }
    if (buffer_.size() - end_ < size) {
        buffer_.erase(0, begin_);
        end_ -= begin_;
        begin_ = 0;
        if (buffer_.size() - end_ < size) buffer_.resize(end_ + size);
    }
    return buffer_.data() + end_;
}

bool FrameReader::next(Frame& frame) {
    Header header;
    if (broken_ || end_ - begin_ < sizeof header) return false;
    std::memcpy(&header, buffer_.data() + begin_, sizeof header);
    const bool known = header.type >= static_cast<uint8_t>(FrameType::Open) &&
                       header.type <= static_cast<uint8_t>(FrameType::Log);
    if (!known || header.size > kMaxPayload) {
        broken_ = true;
        return false;
    }
    if (end_ - begin_ - sizeof header < header.size) return false;
    frame = {static_cast<FrameType>(header.type),
             header.kind,
             header.code,
             header.client,
             header.call,
             std::string_view(buffer_).substr(begin_ + sizeof header, header.size)};
    begin_ += sizeof header + header.size;
    return true;
}

}  // namespace jsonrpc
