// RFC 9110 5.6.7: dates of HTTP. All three forms are read, IMF-fixdate is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace marmoset::http {

inline constexpr size_t kDateSize = 29;  ///< "Sun, 06 Nov 1994 08:49:37 GMT"

/// Writes IMF-fixdate of `seconds` since the epoch to `out` (kDateSize bytes, no NUL).
void format_date(int64_t seconds, char* out);

/// Seconds since the epoch; nullopt if malformed. Two-digit years (RFC 850 form) more than 50 years ahead of
/// `now` are past.
std::optional<int64_t> parse_date(std::string_view text, int64_t now);

}  // namespace marmoset::http
