// The chunked transfer coding of a request body (RFC 9112 7.1), read strictly. llhttp's own reading of it
// takes a bare LF for a line's end in places, folded and nameless trailers, and refuses extensions that are
// legal: a chunk's end is where two servers must not disagree. Pure: bytes in, content out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace marmoset::http {

class ChunkedDecoder {
  public:
    enum class Status : uint8_t {
        More,      ///< all bytes were used, the body goes on
        Complete,  ///< the empty line behind the trailers was read
        Bad,       ///< no chunk can begin or end so
        TooLarge,  ///< content beyond the limit was announced: told by a chunk's size, before its bytes come
        TooMuchFraming,
    };
    struct Limits {
        uint64_t content = 0;  ///< bytes of all chunks together
        size_t framing = 0;    ///< bytes of extensions and trailers, of the whole body (RFC 9112 7.1.1)
    };

    /// Forgets everything: a new body begins.
    void reset() { *this = {}; }
    /// Reads on. `used`: bytes that belong to the body. on_piece(context, piece) gets the content, which lies
    /// in `data`; a status other than More is the last.
    Status feed(Bytes data, const Limits& limits, void (*on_piece)(void*, Bytes), void* context,
                size_t& used);

  private:
    enum class State : uint8_t {
        SizeFirst,  // a digit must come
        Size,       // further digits, an extension or the line's end
        SizeSpace,  // white space behind the digits: an extension must follow (RFC 9112 7.1.1 BWS)
        Extension,  // up to CR
        SizeLf,     // behind the CR of a size
        Data,       // content
        DataCr,     // behind the content
        DataLf,
        TrailerFirst,  // a name, or the CR of the empty line
        TrailerName,
        TrailerValue,  // up to CR
        TrailerLf,
        EndLf,  // behind the CR of the empty line
    };

    Status on_byte(char c, const Limits& limits);
    Status on_size_byte(char c, bool first);
    Status on_size_end(const Limits& limits);
    Status expect(char c, char expected, State next);

    State state_ = State::SizeFirst;
    uint64_t left_ = 0;     // of the chunk; its size, while that is read
    uint64_t content_ = 0;  // announced so far
    size_t framing_ = 0;    // bytes that tell nothing: extensions, trailers, leading zeros
};

}  // namespace marmoset::http
