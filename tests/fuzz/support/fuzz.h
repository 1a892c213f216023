// What the fuzz targets share: assertions that end the program, the input taken apart, pieces of random
// sizes. A target is one function, LLVMFuzzerTestOneInput: libFuzzer calls it, or replay.cpp does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace marmoset::fuzz {

/// Ends the program, unless `holds`, with a line that says what was expected.
void require(bool holds, const char* what);

/// Ends the program unless both outcomes are the same; prints both, from the place where they differ on.
void require_equal(std::string_view one, std::string_view other, const char* what);

/// Text with every byte that is not printable as \xNN.
std::string escaped(std::string_view text);

/// Opens no log, once: targets meet thousands of lines a second.
void silence_log();

/// A reproducible sequence of numbers; the seed is made of the input, so that an input alone tells
/// everything.
class Random {
  public:
    explicit Random(Bytes input, uint64_t salt = 0);
    uint32_t next();
    /// 0 … limit - 1; limit is not 0.
    size_t below(size_t limit) { return next() % limit; }

  private:
    uint64_t state_;
};

/// Cuts bytes into pieces. How large they are (single bytes, a few, up to all) is a matter of the seed.
class Pieces {
  public:
    explicit Pieces(Bytes input, uint64_t salt = 0);
    /// Size of the next piece: 1 … left. `left` is not 0.
    size_t next(size_t left);
    /// All of `data`, cut.
    std::vector<std::vector<uint8_t>> cut(Bytes data);

  private:
    Random random_;
    size_t largest_;
};

/// Takes fields off the front of an input; at its end everything is 0 or empty.
class Fields {
  public:
    explicit Fields(Bytes input) : rest_(input) {}
    bool empty() const { return rest_.empty(); }
    uint8_t byte();
    uint16_t word();
    /// At most `size` bytes.
    Bytes bytes(size_t size);
    std::string_view text(size_t size) { return as_text(bytes(size)); }
    /// Up to the next `end`, which is taken too, or to the end.
    std::string_view until(char end);
    Bytes rest() const { return rest_; }

  private:
    Bytes rest_;
};

/// A copy of exactly the size: AddressSanitizer sees the first byte read behind it.
inline std::vector<uint8_t> exact(Bytes data) {
    return {data.begin(), data.end()};
}

}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
