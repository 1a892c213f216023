#include "tests/fuzz/support/fuzz.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "log/logger.h"

namespace marmoset::fuzz {

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "fuzz: expected: %s\n", what);
    std::abort();
}

void require_equal(std::string_view one, std::string_view other, const char* what) {
    if (one == other) return;
    const auto differs = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
    const auto at = static_cast<size_t>(differs.first - one.begin());
    const size_t from = at > 200 ? at - 200 : 0;
    std::fprintf(stderr, "fuzz: %s: they differ at byte %zu\n--- one, from %zu\n%s\n--- the other\n%s\n",
                 what, at, from, escaped(one.substr(from, 20000)).c_str(),
                 escaped(other.substr(from, 20000)).c_str());
    std::abort();
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        char hex[8];
        if (c == '\n') {
            out += "\\n\n";
        } else if (c < ' ' || c > '~' || c == '\\') {
            std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
            out += hex;
        } else {
            out += c;
        }
    }
    return out;
}

void silence_log() {
    static const bool done = [] {
        log::set_level(log::Level::Error);
        return static_cast<bool>(log::open("-"));
    }();
    require(done, "a log that goes nowhere can be opened");
}

// FNV-1a, then splitmix64.
Random::Random(Bytes input, uint64_t salt) : state_(0xcbf29ce484222325u ^ salt) {
    for (const uint8_t byte : input)
        state_ = (state_ ^ byte) * 0x100000001b3u;
}

uint32_t Random::next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t value = state_;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return static_cast<uint32_t>((value ^ value >> 31) >> 16);
}

Pieces::Pieces(Bytes input, uint64_t salt) : random_(input, salt) {
    static constexpr size_t kLargest[] = {1, 2, 3, 8, 24, 100, 600, 5000};
    largest_ = kLargest[random_.below(std::size(kLargest))];
}

size_t Pieces::next(size_t left) {
    return std::min(left, 1 + random_.below(largest_));
}

std::vector<std::vector<uint8_t>> Pieces::cut(Bytes data) {
    std::vector<std::vector<uint8_t>> pieces;
    while (!data.empty()) {
        const size_t size = next(data.size());
        pieces.push_back(exact(data.first(size)));
        data = data.subspan(size);
    }
    return pieces;
}

uint8_t Fields::byte() {
    const Bytes one = bytes(1);
    return one.empty() ? 0 : one[0];
}

uint16_t Fields::word() {
    const unsigned high = byte();
    return static_cast<uint16_t>(high << 8 | byte());
}

Bytes Fields::bytes(size_t size) {
    const Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
}

std::string_view Fields::until(char end) {
    const std::string_view text = as_text(rest_);
    const size_t at = text.find(end);
    rest_ = rest_.subspan(at == std::string_view::npos ? rest_.size() : at + 1);
    return text.substr(0, at);
}

}  // namespace marmoset::fuzz
