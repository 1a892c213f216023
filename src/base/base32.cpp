#include "base/base32.h"

#include <cstdint>

namespace marmoset {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

}  // namespace

std::string base32_encode(Bytes data) {
    std::string text;
    uint32_t bits = 0;
    unsigned count = 0;
    for (const uint8_t byte : data) {
        bits = bits << 8 | byte;
        for (count += 8; count >= 5; count -= 5)
            text += kAlphabet[bits >> (count - 5) & 31];
    }
    if (count > 0) text += kAlphabet[bits << (5 - count) & 31];
    return text;
}

std::optional<std::string> base32_decode(std::string_view text) {
    std::string data;
    uint32_t bits = 0;
    unsigned count = 0;
    while (!text.empty() && text.back() == '=')
        text.remove_suffix(1);
    size_t characters = 0;
    for (const char c : text) {
        if (c == ' ' || c == '-') continue;
        const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        const size_t value = kAlphabet.find(upper);
        if (value == std::string_view::npos) return std::nullopt;
        ++characters;
        bits = bits << 5 | static_cast<uint32_t>(value);
        count += 5;
        if (count >= 8) {
            count -= 8;
            data += static_cast<char>(bits >> count & 0xff);
        }
    }
    // 1, 3 and 6 characters behind whole groups hold no further byte.
    const size_t behind = characters % 8;
    if (behind == 1 || behind == 3 || behind == 6) return std::nullopt;
    return data;
}

}  // namespace marmoset
