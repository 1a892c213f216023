// The payload mask, 64 bytes a turn (RFC 6455 5.3). In: payload, mask, position in the frame. Out: the
// payload in place.
#include "websocket/frame.h"

namespace marmoset::websocket {

namespace {

// Sixteen bytes as one value: an SSE2 or NEON register where there is one, two 64-bit words elsewhere.
using Block = uint64_t __attribute__((vector_size(16)));

/// The mask as it applies from byte `offset` of the payload on, in memory order.
inline uint32_t mask_from(uint32_t mask, uint64_t offset) {
    const int bits = static_cast<int>(offset & 3u) * 8;
    return std::endian::native == std::endian::little ? std::rotr(mask, bits) : std::rotl(mask, bits);
}

inline Block spread(uint32_t mask) {
    const uint64_t word = mask | static_cast<uint64_t>(mask) << 32;
    return Block{word, word};
}

/// 4 to 15 bytes, or 8 to 15, by two words of type T that may overlap: both are read before one is written.
template <typename T>
inline void mask_two_words(uint8_t* at, size_t size, uint32_t mask) {
    const uint64_t first = mask | static_cast<uint64_t>(mask) << 32;
    const uint32_t turned = mask_from(mask, size - sizeof(T));
    const uint64_t last = turned | static_cast<uint64_t>(turned) << 32;
    const T head = static_cast<T>(load<T>(at) ^ static_cast<T>(first));
    const T tail = static_cast<T>(load<T>(at + size - sizeof(T)) ^ static_cast<T>(last));
    store<T>(at, head);
    store<T>(at + size - sizeof(T), tail);
}

}  // namespace

void apply_mask(MutableBytes payload, const uint8_t mask[4], uint64_t offset) {
    uint8_t* at = payload.data();
    size_t size = payload.size();
    const uint32_t word = mask_from(load<uint32_t>(mask), offset);

    if (size < sizeof(Block)) {
        if (size >= 8) return mask_two_words<uint64_t>(at, size, word);
        if (size >= 4) return mask_two_words<uint32_t>(at, size, word);
        uint8_t bytes[4];
        store<uint32_t>(bytes, word);
        for (size_t i = 0; i < size; ++i)
            at[i] ^= bytes[i];
        return;
    }

    // The last block is read first and written last, over bytes the loop has already done with the same
    // result: that is cheaper than a loop for the 0-15 bytes that remain.
    uint8_t* const last = at + size - sizeof(Block);
    const Block tail = load<Block>(last) ^ spread(mask_from(word, size));
    const Block pattern = spread(word);
    for (; size >= 4 * sizeof(Block); size -= 4 * sizeof(Block), at += 4 * sizeof(Block)) {
        const Block a = load<Block>(at) ^ pattern;
        const Block b = load<Block>(at + 16) ^ pattern;
        const Block c = load<Block>(at + 32) ^ pattern;
        const Block d = load<Block>(at + 48) ^ pattern;
        store<Block>(at, a);
        store<Block>(at + 16, b);
        store<Block>(at + 32, c);
        store<Block>(at + 48, d);
    }
    for (; size >= sizeof(Block); size -= sizeof(Block), at += sizeof(Block)) {
        store<Block>(at, load<Block>(at) ^ pattern);
    }
    store<Block>(last, tail);
}

}  // namespace marmoset::websocket
