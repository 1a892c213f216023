// RFC 4648 section 6. In: bytes or text. Out: the other. People type it: case, spaces and hyphens don't
// matter.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace marmoset {

/// Upper case, without padding, as authenticators have it.
std::string base32_encode(Bytes data);
/// Takes lower case, spaces, hyphens and padding; nullopt for anything else, and for lengths that no encoder
/// gives.
std::optional<std::string> base32_decode(std::string_view text);

}  // namespace marmoset
