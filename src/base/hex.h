// Bytes as hexadecimal digits. In: bytes. Out: text.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace marmoset {

/// Two lower-case digits a byte.
std::string hex_encode(Bytes data);
inline std::string hex_encode(std::string_view data) {
    return hex_encode(as_bytes(data));
}

}  // namespace marmoset
