// Frame headers over every length boundary and every cut; the mask against a loop over bytes.
#include "websocket/frame.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace marmoset::websocket {
namespace {

using Buffer = std::vector<uint8_t>;

// The header of a client's frame, written as RFC 6455 5.2 draws it.
Buffer header_bytes(uint8_t first, uint64_t length, unsigned length_bytes, bool masked) {
    Buffer bytes{first};
    const uint8_t mask_bit = masked ? 0x80 : 0;
    if (length_bytes == 0) bytes.push_back(static_cast<uint8_t>(mask_bit | length));
    if (length_bytes == 2) bytes.push_back(mask_bit | 126);
    if (length_bytes == 8) bytes.push_back(mask_bit | 127);
    for (unsigned i = length_bytes; i-- > 0;)
        bytes.push_back(static_cast<uint8_t>(length >> (8 * i)));
    if (masked) bytes.insert(bytes.end(), {0x37, 0xfa, 0x21, 0x3d});
    return bytes;
}

unsigned length_bytes_of(uint64_t length) {
    return length < 126 ? 0 : length < 65536 ? 2 : 8;
}

const uint64_t kLengths[] = {0,
                             1,
                             125,
                             126,
                             127,
                             2047,
                             2048,
                             4095,
                             4096,
                             65534,
                             65535,
                             65536,
                             65537,
                             1u << 20,
                             0x7fffffff,
                             0x80000000,
                             0xffffffff,
                             0x100000000,
                             (uint64_t{1} << 62),
                             (uint64_t{1} << 63) - 1};

std::string unmasked(Buffer frame) {
    const DecodedHeader decoded = decode_frame_header(frame);
    EXPECT_EQ(decoded.status, DecodeStatus::Complete);
    EXPECT_EQ(decoded.size + decoded.header.length, frame.size());
    const MutableBytes payload = MutableBytes(frame).subspan(decoded.size);
    if (decoded.header.masked) apply_mask(payload, decoded.header.mask, 0);
    return {payload.begin(), payload.end()};
}

TEST(Frame, ReadsTheExamplesOfRfc6455) {  // 5.7
    const Buffer text{0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f};
    EXPECT_EQ(unmasked(text), "Hello");
    const FrameHeader header = decode_frame_header(text).header;
    EXPECT_TRUE(header.fin);
    EXPECT_FALSE(header.masked);
    EXPECT_EQ(header.rsv, 0);
    EXPECT_EQ(header.opcode, static_cast<uint8_t>(Opcode::Text));

    EXPECT_EQ(unmasked({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}), "Hello");

    const Buffer first{0x01, 0x03, 0x48, 0x65, 0x6c};
    const Buffer last{0x80, 0x02, 0x6c, 0x6f};
    EXPECT_EQ(unmasked(first) + unmasked(last), "Hello");
    EXPECT_FALSE(decode_frame_header(first).header.fin);
    EXPECT_EQ(decode_frame_header(first).header.opcode, static_cast<uint8_t>(Opcode::Text));
    EXPECT_TRUE(decode_frame_header(last).header.fin);
    EXPECT_EQ(decode_frame_header(last).header.opcode, static_cast<uint8_t>(Opcode::Continuation));

    EXPECT_EQ(unmasked({0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}), "Hello");
    EXPECT_EQ(unmasked({0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}), "Hello");

    const DecodedHeader medium = decode_frame_header(Buffer{0x82, 0x7e, 0x01, 0x00});
    EXPECT_EQ(medium.size, 4);
    EXPECT_EQ(medium.header.length, 256u);
    const DecodedHeader large = decode_frame_header(Buffer{0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0});
    EXPECT_EQ(large.size, 10);
    EXPECT_EQ(large.header.length, 65536u);
}

TEST(Frame, DecodesEveryBoundaryCutAtEveryByte) {
    for (const uint64_t length : kLengths) {
        for (const bool masked : {false, true}) {
            Buffer bytes = header_bytes(0x82, length, length_bytes_of(length), masked);
            const size_t size = bytes.size();
            for (size_t cut = 0; cut < size; ++cut) {
                // A copy of exactly that size, so that a sanitizer sees a read beyond the cut.
                const Buffer part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(cut));
                EXPECT_EQ(decode_frame_header(part).status, DecodeStatus::NeedMore)
                    << length << " cut at " << cut;
            }
            for (const size_t more : {0, 1, 7}) {
                bytes.resize(size + more, 0xff);
                const DecodedHeader decoded = decode_frame_header(bytes);
                ASSERT_EQ(decoded.status, DecodeStatus::Complete) << length;
                EXPECT_EQ(decoded.size, size);
                EXPECT_EQ(decoded.header.length, length);
                EXPECT_EQ(decoded.header.masked, masked);
                const uint8_t expected[4] = {0x37, 0xfa, 0x21, 0x3d};
                for (size_t i = 0; i < 4; ++i)
                    EXPECT_EQ(decoded.header.mask[i], masked ? expected[i] : 0);
            }
        }
    }
}

TEST(Frame, ReadsEveryFirstByte) {
    for (unsigned first = 0; first < 256; ++first) {
        const DecodedHeader decoded = decode_frame_header(Buffer{static_cast<uint8_t>(first), 0});
        ASSERT_EQ(decoded.status, DecodeStatus::Complete);
        EXPECT_EQ(decoded.header.fin, first >= 128);
        EXPECT_EQ(decoded.header.rsv, first / 16 % 8);
        EXPECT_EQ(decoded.header.opcode, first % 16);
    }
    EXPECT_EQ(decode_frame_header(Buffer{0xc1, 0}).header.rsv, 4);  // RSV1
}

TEST(Frame, RefusesLengthsThatAreNotTheShortest) {
    for (const bool masked : {false, true}) {
        for (uint64_t length = 0; length < 126; ++length) {
            EXPECT_EQ(decode_frame_header(header_bytes(0x82, length, 2, masked)).status,
                      DecodeStatus::Invalid);
        }
        for (const uint64_t length : {0, 1, 125, 126, 127, 65534, 65535}) {
            EXPECT_EQ(decode_frame_header(header_bytes(0x82, length, 8, masked)).status,
                      DecodeStatus::Invalid);
        }
    }
}

TEST(Frame, RefusesTheTopBitOfALength) {
    for (const uint64_t length : {uint64_t{1} << 63, (uint64_t{1} << 63) | 65536, UINT64_MAX}) {
        EXPECT_EQ(decode_frame_header(header_bytes(0x82, length, 8, true)).status, DecodeStatus::Invalid);
    }
}

TEST(Frame, TellsOfABadLengthBeforeTheMaskHasCome) {
    Buffer bytes = header_bytes(0x82, 125, 2, true);
    bytes.resize(4);
    EXPECT_EQ(decode_frame_header(bytes).status, DecodeStatus::Invalid);
    bytes.resize(3);
    EXPECT_EQ(decode_frame_header(bytes).status, DecodeStatus::NeedMore);
}

TEST(Frame, EncodesWhatItDecodes) {
    for (const uint64_t length : kLengths) {
        for (const Opcode opcode : {Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close,
                                    Opcode::Ping, Opcode::Pong}) {
            for (const bool fin : {false, true}) {
                for (uint8_t rsv = 0; rsv < 8; ++rsv) {
                    uint8_t out[kMaxFrameHeader];
                    const size_t size = encode_frame_header(out, opcode, fin, length, rsv);
                    EXPECT_EQ(size, 2 + length_bytes_of(length));
                    const DecodedHeader decoded = decode_frame_header({out, size});
                    ASSERT_EQ(decoded.status, DecodeStatus::Complete);
                    EXPECT_EQ(decoded.size, size);
                    EXPECT_EQ(decoded.header.length, length);
                    EXPECT_EQ(decoded.header.opcode, static_cast<uint8_t>(opcode));
                    EXPECT_EQ(decoded.header.fin, fin);
                    EXPECT_EQ(decoded.header.rsv, rsv);
                    EXPECT_FALSE(decoded.header.masked);
                }
            }
        }
    }
}

TEST(Frame, KnowsControlOpcodes) {
    for (const Opcode opcode : {Opcode::Close, Opcode::Ping, Opcode::Pong})
        EXPECT_TRUE(is_control(opcode));
    for (const Opcode opcode : {Opcode::Continuation, Opcode::Text, Opcode::Binary})
        EXPECT_FALSE(is_control(opcode));
}

void mask_by_bytes(MutableBytes payload, const uint8_t mask[4], uint64_t offset) {
    for (size_t i = 0; i < payload.size(); ++i)
        payload[i] ^= mask[(offset + i) % 4];
}

Buffer numbered(size_t size) {
    Buffer bytes(size);
    for (size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<uint8_t>(i * 167 + 13);
    return bytes;
}

const uint8_t kMask[4] = {0x37, 0xfa, 0x21, 0x3d};

TEST(Mask, EqualsALoopOverBytesEverywhere) {
    for (size_t start = 0; start < 16; ++start) {
        for (size_t length = 0; length <= 130; ++length) {
            for (const uint64_t offset : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}) {
                Buffer actual = numbered(start + length + 16);
                Buffer expected = actual;
                apply_mask(MutableBytes(actual).subspan(start, length), kMask, offset);
                mask_by_bytes(MutableBytes(expected).subspan(start, length), kMask, offset);
                ASSERT_EQ(actual, expected)
                    << "start " << start << " length " << length << " offset " << offset;
            }
        }
    }
}

TEST(Mask, TouchesNothingBesideThePayload) {
    for (size_t length = 0; length <= 200; ++length) {
        Buffer exact = numbered(length);  // a sanitizer sees any byte before or behind
        Buffer expected = exact;
        apply_mask(exact, kMask, 0);
        mask_by_bytes(expected, kMask, 0);
        ASSERT_EQ(exact, expected);
    }
}

TEST(Mask, CountsOnFromHugeOffsets) {
    for (const uint64_t offset : {(uint64_t{1} << 32) + 1, (uint64_t{1} << 63) - 2, UINT64_MAX}) {
        Buffer actual = numbered(77);
        Buffer expected = actual;
        apply_mask(actual, kMask, offset);
        for (size_t i = 0; i < 77; ++i)
            expected[i] ^= kMask[(offset % 4 + i) % 4];
        EXPECT_EQ(actual, expected);
    }
}

TEST(Mask, PiecesEqualTheWhole) {
    const Buffer plain = numbered(300);
    Buffer whole = plain;
    apply_mask(whole, kMask, 0);
    for (size_t cut = 0; cut <= plain.size(); ++cut) {
        Buffer pieces = plain;
        apply_mask(MutableBytes(pieces).first(cut), kMask, 0);
        apply_mask(MutableBytes(pieces).subspan(cut), kMask, cut);
        ASSERT_EQ(pieces, whole) << cut;
    }
    Buffer bytewise = plain;
    for (size_t i = 0; i < plain.size(); ++i)
        apply_mask(MutableBytes(bytewise).subspan(i, 1), kMask, i);
    EXPECT_EQ(bytewise, whole);
}

TEST(Mask, TwiceIsNothing) {
    Buffer bytes = numbered(70001);
    apply_mask(bytes, kMask, 3);
    EXPECT_NE(bytes, numbered(70001));
    apply_mask(bytes, kMask, 3);
    EXPECT_EQ(bytes, numbered(70001));
}

}  // namespace
}  // namespace marmoset::websocket
