// RFC 4648 sections 4 and 5. In: bytes or text. Out: the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace marmoset {

/// Base64 with the standard alphabet and padding, no line breaks.
std::string base64_encode(Bytes data);
/// The way back: standard alphabet, padding needed, no spaces, unused bits zero, so that each content has one
/// text only; else nullopt.
std::optional<std::string> base64_decode(std::string_view text);

/// The alphabet for URLs and file names, without padding (RFC 7515: BASE64URL).
std::string base64url_encode(Bytes data);
/// As strict: no padding, unused bits zero.
std::optional<std::string> base64url_decode(std::string_view text);

/// True for a character of the standard alphabet; '=' is none.
constexpr bool is_base64_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

}  // namespace marmoset
