// The bytes that are sent and expected back. Every message of every client is another window of one random
// block, so a message swapped, repeated or delivered to the wrong client is found as surely as a flipped bit.
// In: message size, text or binary. Out: spans in the clear, and masked ready to send.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace marmoset::bench {

class Payload {
  public:
    Payload(size_t size, bool text) : size_(size), clear_(size + kWindows * kStep) {
        uint64_t state = 0x9e3779b97f4a7c15u;
        for (uint8_t& byte : clear_) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;  // xorshift64
            auto random = static_cast<uint8_t>(state >> 32);
            byte = text ? static_cast<uint8_t>(' ' + random % 95) : random;
        }
        // Large blocks get one mask only: several copies would measure the generator's cache, not the
        // gateway.
        size_t masks = size < 65'536 ? kMasks : 1;
        masked_.assign(masks, clear_);
        for (size_t m = 0; m < masks; ++m) {
            for (size_t i = 0; i < clear_.size(); ++i)
                masked_[m][i] ^= mask_key(m)[i % 4];
        }
    }

    size_t size() const { return size_; }

    /// What message `number` of client `client` says.
    Bytes clear(size_t client, uint64_t number) const {
        return {clear_.data() + window(client, number), size_};
    }
    /// The same, masked with mask(client).
    Bytes masked(size_t client, uint64_t number) const {
        return {masked_[client % masked_.size()].data() + window(client, number), size_};
    }
    const uint8_t* mask(size_t client) const { return mask_key(client % masked_.size()); }

  private:
    // Windows begin at multiples of the mask's length, so a block masked once serves all of them.
    static constexpr size_t kStep = 4;
    static constexpr size_t kWindows = 4096;
    static constexpr size_t kMasks = 4;

    static const uint8_t* mask_key(size_t number) {
        static constexpr uint8_t kKeys[kMasks][4] = {{0x37, 0xfa, 0x21, 0x3d},
                                                     {0xc1, 0x05, 0x9e, 0x80},
                                                     {0x02, 0xd4, 0x6b, 0xf9},
                                                     {0xff, 0x10, 0xa7, 0x5c}};
        return kKeys[number];
    }
    static size_t window(size_t client, uint64_t number) {
        return static_cast<size_t>((client * 2'654'435'761u + number * 31) % kWindows) * kStep;
    }

    size_t size_;
    std::vector<uint8_t> clear_;
    std::vector<std::vector<uint8_t>> masked_;
};

}  // namespace marmoset::bench
