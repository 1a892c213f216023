// RFC 4648 section 4. In: bytes. Out: text with padding.
#pragma once

#include <string>

#include "base/bytes.h"

namespace marmoset {

/// Base64 with the standard alphabet and padding, no line breaks.
std::string base64_encode(Bytes data);

/// True for a character of the standard alphabet; '=' is none.
constexpr bool is_base64_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

}  // namespace marmoset
