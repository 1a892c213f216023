// Records that arrive on a byte stream, back to back and cut anywhere. In: bytes as they come. Out: runs of
// whole records, for RecordReader. Pure: no socket, no clock.
#pragma once

#include <vector>

#include "link/record.h"

namespace marmoset::link {

class RecordStream {
  public:
    /// The next bytes; everything fed before has been taken by next(). `data` stays valid until next() has
    /// said NeedMore or Malformed.
    void feed(Bytes data) { data_ = data; }

    enum class Status : uint8_t {
        Run,       ///< `run` holds one or more whole records; valid until the next call
        NeedMore,  ///< all bytes have been taken; the start of a record may be kept
        Malformed  ///< error() says why; so from then on
    };
    Status next(Bytes& run);

    /// A sentence for the log, of static storage.
    const char* error() const { return error_; }
    /// Bytes of an incomplete record that are kept: never more than one record's.
    size_t kept() const { return partial_.size(); }

  private:
    bool header_is_good(const uint8_t* header);
    bool complete_partial(size_t size);

    Bytes data_;
    std::vector<uint8_t> partial_;  // the start of a record; whole once it has been handed out
    bool handed_out_ = false;       // partial_ is what next() returned last
    const char* error_ = "";
};

}  // namespace marmoset::link
