// Incremental UTF-8 validation (RFC 3629, Unicode table 3-7): fail-fast at the first byte that can't go on
// a valid sequence (RFC 6455 8.1), whatever pieces the text arrives in.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace marmoset::websocket {

/// Four bytes of state; copyable. A fresh one is at a character boundary.
class Utf8Validator {
  public:
    /// Takes the next piece; false at the first impossible byte (then the object is of no more use until
    /// reset). ASCII is skipped eight or more bytes at a time.
    bool feed(Bytes piece);

    /// True at a character boundary: the text may end here.
    bool complete() const { return remaining_ == 0; }

    void reset() { *this = Utf8Validator{}; }

  private:
    uint8_t remaining_ = 0;  ///< continuation bytes still expected
    uint8_t lower_ = 0x80;   ///< smallest allowed next continuation byte
    uint8_t upper_ = 0xbf;   ///< largest allowed next continuation byte
};

/// Whole text at once.
bool is_valid_utf8(Bytes text);

/// Length of the longest prefix that ends at a character boundary, for text known to be valid so far: what
/// may be sent on when an unfinished sequence has to wait for its rest.
size_t complete_utf8_prefix(Bytes text);

}  // namespace marmoset::websocket
