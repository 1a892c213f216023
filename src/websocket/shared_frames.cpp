#include "websocket/shared_frames.h"

#include <algorithm>
#include <cstring>

namespace marmoset::websocket {

namespace {

constexpr size_t kBlock = 65536;  // bytes; a larger frame has a block of its own

}  // namespace

SharedFrames::Frame SharedFrames::encode(Opcode opcode, Bytes payload, uint8_t rsv) {
    const size_t most = kMaxFrameHeader + payload.size();
    if (!block_ || block_->room() < most)
        block_ = Ref<net::OwnedBlock>(new net::OwnedBlock(loop_, std::max(kBlock, most)));
    uint8_t* const frame = block_->data() + block_->used;
    const size_t header = encode_frame_header(frame, opcode, true, payload.size(), rsv);
    if (!payload.empty()) std::memcpy(frame + header, payload.data(), payload.size());
    block_->used += header + payload.size();
    return {{frame, header + payload.size()}, Ref<RefCounted>(block_)};
}

}  // namespace marmoset::websocket
