#include "base/hex.h"

namespace marmoset {

std::string hex_encode(Bytes data) {
    std::string text;
    text.reserve(data.size() * 2);
    for (const uint8_t byte : data) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

}  // namespace marmoset
