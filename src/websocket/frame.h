// RFC 6455 5.2: the frame header as a plain struct, and the payload mask. Pure: bytes in, struct out; knows
// no socket, no session, keeps no cursor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace marmoset::websocket {

enum class Opcode : uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

inline bool is_control(Opcode opcode) {
    return (static_cast<uint8_t>(opcode) & 8u) != 0;
}

/// RSV1 in FrameHeader::rsv: the first frame of a compressed message (RFC 7692 6).
inline constexpr uint8_t kRsvCompressed = 4;

/// Longest header: 2 bytes, 8 bytes of extended length, 4 bytes of mask.
inline constexpr size_t kMaxFrameHeader = 14;

/// Most payload of a control frame (RFC 6455 5.5).
inline constexpr size_t kMaxControlPayload = 125;

/// A decoded frame header. Nothing is judged but what makes the length unreadable: roles, RSV bits and
/// opcodes are the session's to check (they depend on what was negotiated).
struct FrameHeader {
    bool fin = true;
    uint8_t rsv = 0;  ///< bits RSV1 (4), RSV2 (2), RSV3 (1)
    uint8_t opcode = 0;
    bool masked = false;
    uint8_t mask[4] = {0, 0, 0, 0};
    uint64_t length = 0;  ///< payload bytes
};

enum class DecodeStatus : uint8_t {
    Complete,  ///< header valid, `size` bytes long
    NeedMore,  ///< the span ends inside the header
    Invalid,   ///< length not in its shortest form, or its top bit set: RFC 6455 5.2, close with 1002
};

struct DecodedHeader {
    DecodeStatus status = DecodeStatus::NeedMore;
    uint8_t size = 0;  ///< bytes of the header, valid when Complete
    FrameHeader header;
};

/// Decodes the header at the start of `bytes`. Inline: it runs once a message.
inline DecodedHeader decode_frame_header(Bytes bytes) {
    DecodedHeader result;
    if (bytes.size() < 2) return result;
    FrameHeader& header = result.header;
    header.fin = (bytes[0] & 0x80u) != 0;
    header.rsv = static_cast<uint8_t>((bytes[0] >> 4) & 7u);
    header.opcode = bytes[0] & 0x0fu;
    header.masked = (bytes[1] & 0x80u) != 0;
    size_t size = 2;
    header.length = bytes[1] & 0x7fu;
    if (header.length == 126) {
        if (bytes.size() < 4) return result;
        header.length = load_big<uint16_t>(bytes.data() + 2);
        size = 4;
        if (header.length < 126) result.status = DecodeStatus::Invalid;
    } else if (header.length == 127) {
        if (bytes.size() < 10) return result;
        header.length = load_big<uint64_t>(bytes.data() + 2);
        size = 10;
        if (header.length < 65536 || (header.length >> 63) != 0) result.status = DecodeStatus::Invalid;
    }
    if (result.status == DecodeStatus::Invalid) return result;
    if (header.masked) {
        if (bytes.size() < size + 4) return result;
        for (size_t i = 0; i < 4; ++i)
            header.mask[i] = bytes[size + i];
        size += 4;
    }
    result.status = DecodeStatus::Complete;
    result.size = static_cast<uint8_t>(size);
    return result;
}

/// Which end of a connection this is. A client masks what it sends, a server does not (RFC 6455 5.1).
enum class Role : uint8_t { Server, Client };

/// Writes an unmasked header (server to client) to `out`, which has kMaxFrameHeader bytes; returns its size,
/// 2 to 10.
inline size_t encode_frame_header(uint8_t* out, Opcode opcode, bool fin, uint64_t length, uint8_t rsv = 0) {
    out[0] = static_cast<uint8_t>((fin ? 0x80u : 0u) | (static_cast<unsigned>(rsv) << 4) |
                                  static_cast<unsigned>(opcode));
    if (length < 126) {
        out[1] = static_cast<uint8_t>(length);
        return 2;
    }
    if (length < 65536) {
        out[1] = 126;
        store_big<uint16_t>(out + 2, static_cast<uint16_t>(length));
        return 4;
    }
    out[1] = 127;
    store_big<uint64_t>(out + 2, length);
    return 10;
}

/// Adds `mask` to a header of `size` bytes that encode_frame_header() has just written; returns the new size.
inline size_t add_mask(uint8_t* header, size_t size, const uint8_t mask[4]) {
    header[1] |= 0x80u;
    std::memcpy(header + size, mask, 4);
    return size + 4;
}

/// XORs `payload` in place with `mask`, whose byte 0 belongs to payload byte 0 of the frame plus `offset`.
/// For a payload that arrives in pieces, `offset` is how many of its bytes came before (RFC 6455 5.3).
void apply_mask(MutableBytes payload, const uint8_t mask[4], uint64_t offset);

}  // namespace marmoset::websocket
