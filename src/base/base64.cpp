// Base64 and BASE64URL: encoding by mbedTLS into a string of exactly the right size, decoding by a table.
#include "base/base64.h"

#include <mbedtls/base64.h>

#include <cstdlib>

namespace marmoset {

namespace {

int value_of(char c, bool url) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == (url ? '-' : '+')) return 62;
    if (c == (url ? '_' : '/')) return 63;
    return -1;
}

// `text` without padding.
std::optional<std::string> decode(std::string_view text, bool url) {
    std::string data;
    data.reserve(text.size() / 4 * 3 + 2);
    uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const int value = value_of(c, url);
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            data += static_cast<char>(bits >> count & 0xff);
        }
    }
    // One character alone is no byte, and bits that belong to none must be zero.
    if (count == 6 || (bits & ((1u << count) - 1)) != 0) return std::nullopt;
    return data;
}

}  // namespace

std::string base64_encode(Bytes data) {
    std::string text((data.size() + 2) / 3 * 4, '\0');
    if (text.empty()) return text;
    // mbedTLS ends its output with a NUL, which lands on the string's own terminator.
    size_t written = 0;
    const int error = mbedtls_base64_encode(reinterpret_cast<unsigned char*>(text.data()), text.size() + 1,
                                            &written, data.data(), data.size());
    if (error != 0 || written != text.size()) std::abort();
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
    return decode(text, false);
}

std::string base64url_encode(Bytes data) {
    std::string text = base64_encode(data);
    while (text.ends_with('='))
        text.pop_back();
    for (char& c : text) {
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    return text;
}

std::optional<std::string> base64url_decode(std::string_view text) {
    return decode(text, true);
}

}  // namespace marmoset
