// Range: "bytes=0-499, 1000-, -200". In: the value and the representation's size. Out: the parts to send.
#include "range.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/text.h"

namespace marmoset::document {

namespace {

constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max();

/// Digits only; more than 64 bits hold is kHuge, so that "0-99999999999999999999" reaches the end as it
/// should.
std::optional<uint64_t> parse_position(std::string_view text) {
    if (text.empty()) return std::nullopt;
    uint64_t value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<uint64_t>(c - '0');
        value = value > (kHuge - digit) / 10 ? kHuge : value * 10 + digit;
    }
    return value;
}

/// One range-spec. False: malformed. A range without a byte of the representation gets size 0; it may be
/// satisfiable all the same: a suffix of an empty one (RFC 9110 14.1.2).
bool parse_spec(std::string_view spec, uint64_t size, ByteRange& out, bool& satisfiable) {
    const size_t dash = spec.find('-');
    if (dash == std::string_view::npos) return false;
    const std::string_view first_text = trim(spec.substr(0, dash));
    const std::string_view last_text = trim(spec.substr(dash + 1));
    if (first_text.empty()) {
        const auto length = parse_position(last_text);
        if (!length) return false;
        out.size = std::min(*length, size);
        out.offset = size - out.size;
        satisfiable = *length > 0;
        return true;
    }
    const auto first = parse_position(first_text);
    const auto last =
        last_text.empty() || last_text == "*" ? std::optional(kHuge) : parse_position(last_text);
    if (!first || !last || *last < *first) return false;
    out.offset = *first;
    satisfiable = *first < size;
    out.size = satisfiable ? std::min(*last, size - 1) - *first + 1 : 0;
    return true;
}

bool belong_together(const ByteRange& a, const ByteRange& b) {
    const ByteRange& left = a.offset <= b.offset ? a : b;
    const ByteRange& right = a.offset <= b.offset ? b : a;
    return right.offset <= left.offset + left.size + kPartOverhead;
}

ByteRange joined(const ByteRange& a, const ByteRange& b) {
    const uint64_t offset = std::min(a.offset, b.offset);
    return {offset, std::max(a.offset + a.size, b.offset + b.size) - offset};
}

/// Adds a range, swallowing all that belong to it. A grown range may reach others: begins anew until nothing
/// changes.
void add_range(ByteRange range, std::vector<ByteRange>& ranges) {
    size_t place = ranges.size();
    for (size_t i = 0; i < ranges.size();) {
        if (!belong_together(ranges[i], range)) {
            ++i;
            continue;
        }
        range = joined(ranges[i], range);
        ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(i));
        place = std::min({place, i, ranges.size()});
        i = 0;
    }
    ranges.insert(ranges.begin() + static_cast<std::ptrdiff_t>(place), range);
}

}  // namespace

RangeVerdict parse_ranges(std::string_view value, uint64_t size, std::vector<ByteRange>& ranges) {
    ranges.clear();
    const size_t equals = value.find('=');
    if (equals == std::string_view::npos || !equal_caseless(trim(value.substr(0, equals)), "bytes")) {
        return RangeVerdict::Whole;
    }
    std::string_view list = value.substr(equals + 1);
    size_t count = 0;
    bool all_outside = true;
    while (auto spec = next_list_element(list)) {
        ByteRange range;
        bool satisfiable = false;
        if (++count > kMaxRanges || !parse_spec(*spec, size, range, satisfiable)) return RangeVerdict::Whole;
        all_outside = all_outside && !satisfiable;
        if (range.size > 0) add_range(range, ranges);
    }
    if (count == 0) return RangeVerdict::Whole;
    if (all_outside) return RangeVerdict::Unsatisfiable;
    return ranges.empty() ? RangeVerdict::Whole
                          : RangeVerdict::Partial;  // no Content-Range can tell of no byte
}

}  // namespace marmoset::document
