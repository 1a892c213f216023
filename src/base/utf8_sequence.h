// UTF-8 sequences (RFC 3629, Unicode table 3-7). In: text. Out: how many bytes of it are one character, and
// whether all of it are characters.
#pragma once

#include <cstddef>
#include <string_view>

namespace marmoset {

/// Length of the sequence of two bytes or more that `text` begins with; 0: it begins with none (ASCII, cut
/// off, overlong, a surrogate, beyond U+10FFFF). `text` is not empty.
size_t utf8_sequence_length(std::string_view text);

/// True for valid UTF-8 without control characters (U+0000 … U+001F, U+007F … U+009F).
bool is_utf8_without_controls(std::string_view text);

}  // namespace marmoset
