// UTF-8 validation: ASCII by words, whole sequences by shape, and byte by byte only where a piece ends.
// In: text in pieces. Out: still possible or not.
#include "websocket/utf8.h"

#if defined(__x86_64__)
#include <tmmintrin.h>

#include <array>
#endif

namespace marmoset::websocket {

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080u;

/// Index in memory order of the first byte whose high bit is set in `marks`, which is not zero.
inline size_t first_marked(uint64_t marks) {
    const int bits =
        std::endian::native == std::endian::little ? std::countr_zero(marks) : std::countl_zero(marks);
    return static_cast<size_t>(bits) / 8;
}

/// First byte of [at, end) that is not ASCII, or `end`. `begin` <= at: the memory before `at` that may be
/// read too.
inline const uint8_t* skip_ascii(const uint8_t* begin, const uint8_t* at, const uint8_t* end) {
    while (end - at >= 32) {
        const uint64_t all =
            load<uint64_t>(at) | load<uint64_t>(at + 8) | load<uint64_t>(at + 16) | load<uint64_t>(at + 24);
        if ((all & kHighBits) != 0) break;
        at += 32;
    }
    while (end - at >= 8) {
        const uint64_t marks = load<uint64_t>(at) & kHighBits;
        if (marks != 0) return at + first_marked(marks);
        at += 8;
    }
    const auto left = static_cast<size_t>(end - at);
    if (left == 0) return end;
    if (end - begin >= 8) {
        // One word that ends where the text ends; what it shows of the bytes before `at` is shifted out.
        uint64_t marks = load<uint64_t>(end - 8) & kHighBits;
        const size_t surplus = (8 - left) * 8;
        marks = std::endian::native == std::endian::little ? marks >> surplus : marks << surplus;
        return marks == 0 ? end : at + first_marked(marks);
    }
    while (at != end && *at < 0x80)
        ++at;
    return at;
}

inline bool is_continuation(uint8_t byte) {
    return (byte & 0xc0u) == 0x80;
}

/// Length of the well-formed sequence at `at`, of which four bytes may be read and the first is not ASCII;
/// 0 if it is ill-formed (Unicode table 3-7).
inline size_t sequence_length(const uint8_t* at) {
    const uint8_t lead = at[0];
    if (lead < 0xe0) return lead >= 0xc2 && is_continuation(at[1]) ? 2 : 0;
    if (lead < 0xf0) {
        if (!is_continuation(at[1]) || !is_continuation(at[2])) return 0;
        const unsigned value =
            (lead & 0x0fu) << 6 | (at[1] & 0x3fu);  // the code point without its last six bits
        return value >= 0x20 && (value & 0x3e0u) != 0x360 ? 3 : 0;  // not below U+0800, no surrogate
    }
    if (lead > 0xf4 || !is_continuation(at[1]) || !is_continuation(at[2]) || !is_continuation(at[3]))
        return 0;
    const unsigned value =
        (lead & 0x07u) << 6 | (at[1] & 0x3fu);  // the code point without its last twelve bits
    return value >= 0x10 && value <= 0x10f ? 4 : 0;
}

#if defined(__x86_64__)

// Sixteen bytes at once, after J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction Per
// Byte" (2021): nearly every ill-formed sequence shows in two neighbouring bytes, and there in the high half
// of the first, its low half, and the high half of the second. Each rule below is one bit; a pair of bytes
// breaks it if the bit is set for all three halves.
struct PairRule {
    uint16_t first_high;  ///< halves (bit n: half n) of the first byte that the rule is about
    uint16_t first_low;
    uint16_t second_high;
};
constexpr uint16_t kAny = 0xffff;
constexpr uint16_t kContinuations = 0x0f00;
constexpr std::array<PairRule, 8> kPairRules = {{
    {0xf000, kAny, static_cast<uint16_t>(~kContinuations)},  // a lead without its continuation
    {0x00ff, kAny, kContinuations},                          // a continuation behind ASCII
    {0x4000, 0x0001, 0x0300},                                // E0 80-9F: overlong
    {0x4000, 0x2000, 0x0c00},                                // ED A0-BF: surrogate
    {0x1000, 0x0003, kContinuations},                        // C0, C1: overlong
    {0x8000, 0xffe1, 0x0100},                                // F0 80-8F: overlong; F5-FF 80-8F: too large
    {0x8000, 0xfff0, 0x0e00},                                // F4-FF 90-BF: too large
    {0x0f00, kAny, kContinuations},  // two continuations: legal inside longer sequences
}};

using HalfTable = std::array<uint8_t, 16>;
constexpr HalfTable table_of(uint16_t PairRule::*halves) {
    HalfTable table{};
    for (size_t half = 0; half < 16; ++half) {
        for (size_t rule = 0; rule < 8; ++rule) {
            if ((kPairRules[rule].*halves >> half & 1) != 0) table[half] |= static_cast<uint8_t>(1u << rule);
        }
    }
    return table;
}
alignas(16) constexpr HalfTable kFirstHigh = table_of(&PairRule::first_high);
alignas(16) constexpr HalfTable kFirstLow = table_of(&PairRule::first_low);
alignas(16) constexpr HalfTable kSecondHigh = table_of(&PairRule::second_high);

const bool kHasByteShuffle = __builtin_cpu_supports("ssse3");

/// Checks blocks of 16 bytes from the character boundary `at` on, up to the first that is all ASCII. Three
/// bytes before `at` and 16 behind it can be read. Returns the last character boundary reached, or nullptr if
/// the text is ill-formed.
__attribute__((target("ssse3"))) const uint8_t* check_blocks(const uint8_t* at, const uint8_t* end) {
    const auto read = [](const uint8_t* from) __attribute__((target("ssse3"))) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    };
    const __m128i first_high = read(kFirstHigh.data());
    const __m128i first_low = read(kFirstLow.data());
    const __m128i second_high = read(kSecondHigh.data());
    const __m128i low_half = _mm_set1_epi8(0x0f);
    __m128i errors = _mm_setzero_si128();
    int high_bits = 0;
    do {
        const __m128i bytes = read(at);
        const __m128i before = read(at - 1);
        const __m128i before_high = _mm_and_si128(_mm_srli_epi16(before, 4), low_half);
        const __m128i bytes_high = _mm_and_si128(_mm_srli_epi16(bytes, 4), low_half);
        const __m128i broken =
            _mm_and_si128(_mm_shuffle_epi8(second_high, bytes_high),
                          _mm_and_si128(_mm_shuffle_epi8(first_high, before_high),
                                        _mm_shuffle_epi8(first_low, _mm_and_si128(before, low_half))));
        // The third byte behind E0-FF and the fourth behind F0-FF must be second continuations, no other byte
        // may be one: the saturating differences have their high bit set where it must, `broken` where it is.
        const __m128i third = _mm_subs_epu8(read(at - 2), _mm_set1_epi8(0xe0 - 0x80));
        const __m128i fourth = _mm_subs_epu8(read(at - 3), _mm_set1_epi8(0xf0 - 0x80));
        const __m128i required = _mm_and_si128(_mm_or_si128(third, fourth), _mm_set1_epi8(-0x80));
        errors = _mm_or_si128(errors, _mm_xor_si128(required, broken));
        high_bits = _mm_movemask_epi8(bytes);
        at += 16;
    } while (high_bits != 0 && end - at >= 16);
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(errors, _mm_setzero_si128())) != 0xffff) return nullptr;
    return at - 3 + complete_utf8_prefix({at - 3, 3});
}

#else

constexpr bool kHasByteShuffle = false;
const uint8_t* check_blocks(const uint8_t*, const uint8_t*) {
    return nullptr;
}

#endif

}  // namespace

bool Utf8Validator::feed(Bytes piece) {
    const uint8_t* const begin = piece.data();
    const uint8_t* const end = begin + piece.size();
    const uint8_t* at = begin;
    for (;;) {
        while (remaining_ != 0) {
            if (at == end) return true;
            if (*at < lower_ || *at > upper_) return false;
            ++at;
            --remaining_;
            lower_ = 0x80;
            upper_ = 0xbf;
        }
        at = skip_ascii(begin, at, end);
        while (end - at >= 4 && *at >= 0x80) {
            if (end - at >= 16 && at - begin >= 3 && kHasByteShuffle) {
                at = check_blocks(at, end);
                if (at == nullptr) return false;
                continue;
            }
            const size_t length = sequence_length(at);
            if (length == 0) return false;
            at += length;
        }
        if (end - at >= 4) continue;
        if (at == end) return true;
        const uint8_t lead = *at++;
        if (lead < 0x80) continue;
        if (lead < 0xc2 || lead > 0xf4) return false;
        remaining_ = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        // Table 3-7: the second byte excludes overlong forms, surrogates and values above U+10FFFF.
        if (lead == 0xe0) lower_ = 0xa0;
        if (lead == 0xed) upper_ = 0x9f;
        if (lead == 0xf0) lower_ = 0x90;
        if (lead == 0xf4) upper_ = 0x8f;
    }
}

bool is_valid_utf8(Bytes text) {
    Utf8Validator validator;
    return validator.feed(text) && validator.complete();
}

size_t complete_utf8_prefix(Bytes text) {
    const size_t size = text.size();
    for (size_t back = 1; back <= 3 && back <= size; ++back) {
        const uint8_t byte = text[size - back];
        if (is_continuation(byte)) continue;
        const size_t needed = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        return needed > back ? size - back : size;
    }
    return size;
}

}  // namespace marmoset::websocket
