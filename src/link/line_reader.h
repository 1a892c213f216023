// Framing "lines": one message a line, cut anywhere by the reads. In: bytes as they come. Out: lines without
// their ends ("\n" or "\r\n"). Pure: no socket, no clock.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace marmoset::link {

class LineReader {
  public:
    /// A line longer than `max_line` bytes (without its end) is not taken.
    explicit LineReader(uint64_t max_line) : max_line_(max_line) {}

    /// The next bytes; everything fed before has been taken by next(). `data` stays valid until the last line
    /// of it has been used.
    void feed(Bytes data);

    enum class Status : uint8_t {
        Line,      ///< `line` is the next one; valid until the next feed(), as long as what was fed is
        NeedMore,  ///< all bytes have been taken; the start of a line may be kept
        TooLong    ///< a line is longer than allowed; so from then on
    };
    Status next(Bytes& line);

    /// The stream has ended: the start of a line that was never finished, empty if there is none.
    Bytes unfinished() const { return partial_; }
    /// What was fed and has not been taken yet: for who stops in between, and feeds it again later.
    Bytes untaken() const { return data_; }

  private:
    Status take(Bytes whole, Bytes& line);

    const uint64_t max_line_;
    Bytes data_;
    std::vector<uint8_t> partial_;  // the start of a line
    std::vector<uint8_t> line_;     // one that began in an earlier read, whole
    bool too_long_ = false;
};

}  // namespace marmoset::link
