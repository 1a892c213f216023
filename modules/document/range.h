// RFC 9110 14: byte ranges of a representation. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace marmoset::document {

struct ByteRange {
    uint64_t offset = 0;
    uint64_t size = 0;  ///< never 0
    bool operator==(const ByteRange&) const = default;
};

enum class RangeVerdict : uint8_t {
    Whole,          ///< no usable Range: 200. Unknown unit, malformed, more ranges than kMaxRanges, a suffix
                    ///< of an empty representation
    Partial,        ///< 206 with `ranges`
    Unsatisfiable,  ///< 416
};

/// More ranges than this in one request are answered with the whole file.
inline constexpr size_t kMaxRanges = 16;
/// Ranges that overlap or lie closer than this become one: a part's own head costs about as much (RFC
/// 9110 15.3.7.2).
inline constexpr uint64_t kPartOverhead = 80;

/// Reads the value of Range for a representation of `size` bytes. `ranges` (cleared first) keeps the order of
/// the request; parts that were joined stand where the first of them stood. As ouistiti, "a-*" is read like
/// "a-".
RangeVerdict parse_ranges(std::string_view value, uint64_t size, std::vector<ByteRange>& ranges);

}  // namespace marmoset::document
