// RFC 1951 by zlib, as RFC 7692 needs it: raw streams, flushed at the end of a message, windows of 2^8 to
// 2^15 bytes, in steps that the caller bounds. Bytes in, bytes out; knows no frames.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <vector>

#include "base/bytes.h"

namespace marmoset::websocket {

/// Compresses. About 2^(window_bits + 3) bytes of memory: 256 KiB for 15.
class Deflater {
  public:
    /// `level` 1 (fast) to 9 (small).
    Deflater(unsigned window_bits, int level);
    ~Deflater();
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;

    /// Appends the compressed form of `input` to `out`, as far as it is ready; with `flush` all of it, ending
    /// in the four bytes 00 00 FF FF of an empty stored block (nothing, if nothing came since the last
    /// flush).
    void run(Bytes input, bool flush, std::vector<uint8_t>& out);
    /// Forgets the window: what follows does not refer to what came before.
    void reset();
    /// Bytes of memory it holds.
    static size_t memory(unsigned window_bits);

  private:
    z_stream stream_{};
};

/// Decompresses. About 2^window_bits + 10 KiB of memory.
class Inflater {
  public:
    explicit Inflater(unsigned window_bits);
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    struct Step {
        size_t used = 0;  ///< bytes of the input that were taken
        size_t written =
            0;              ///< bytes of the output; all of it: there may be more to come, also without input
        bool valid = true;  ///< false: no deflate stream
    };
    /// A block marked as the last one (BFINAL) does not end it: what follows is the next stream, and may
    /// still refer to the window (RFC 7692 7.2.3.4).
    Step run(Bytes input, MutableBytes out);
    /// Whether all blocks so far are complete and the last one ended at a byte's end, as a message has to.
    bool between_blocks() const { return between_blocks_; }
    /// Whether the last byte taken ended a block marked as the last one.
    bool after_final_block() const { return after_final_block_; }
    void reset();
    static size_t memory(unsigned window_bits);

  private:
    z_stream stream_{};
    bool between_blocks_ = false;
    bool after_final_block_ = false;
};

}  // namespace marmoset::websocket
