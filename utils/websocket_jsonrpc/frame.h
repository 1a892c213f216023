// What the server and its worker processes say to each other over a stream socket: frames of a header and a
// payload, in host byte order. In: bytes of a socket. Out: frames; and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace jsonrpc {

enum class FrameType : uint8_t {
    // Of the server.
    Open = 1,  ///< a client has come; payload: what is known of it (client_metadata.h)
    Close,     ///< it has gone; its calls are of no use any more
    Call,      ///< payload: method NUL params; `kind` 1: a notification
    Cancel,    ///< the call's answer (or the opening's) is of no use any more
    // Of the worker process.
    Ready,   ///< first: the library is loaded; `kind` 1: ouistiti's interface
    Failed,  ///< first: it can't be loaded; payload: why
    Opened,  ///< answers Open; `code`: 0, or the HTTP status that refuses the client
    Answer,  ///< of a call, once; `kind`: AnswerKind; payload: JSON text; `code` 1: the library has answered
             ///< before its function returned, and Returned follows
    Returned,   ///< that function has
    Running,    ///< answers Cancel (and Close, of an opening) when the library's function runs; payload: ms
                ///< since
                ///< it was called, in decimal
    Notify,     ///< to `client`; payload: the notification's text
    NotifyAll,  ///< to all clients
    Log,        ///< `code`: level of marmoset/jsonrpc_library.h; payload: the line
};

enum class AnswerKind : uint8_t {
    Result,
    Error,
    Dropped,  ///< was cancelled; no payload
};

struct Frame {
    FrameType type = FrameType::Open;
    uint8_t kind = 0;
    uint16_t code = 0;
    uint64_t client = 0;
    uint64_t call = 0;              ///< number of a call, or of an Open: answers bear it
    std::string_view payload = {};  ///< of a received one: valid until the reader is touched again
};

/// Bytes that a payload may have.
inline constexpr size_t kMaxPayload = 256u << 20;

/// Appends the frame's bytes.
void append_frame(std::string& bytes, const Frame& frame);

/// Puts frames together from what a socket gives.
class FrameReader {
  public:
    /// Room for `size` further bytes, to be received into; taken() tells how many came.
    char* space(size_t size);
    void taken(size_t size) { end_ += size; }

    /// Takes the next whole frame; false: more bytes are needed, or the stream is broken().
    bool next(Frame& frame);
    /// What came is no frame: the other end is not sane.
    bool broken() const { return broken_; }

  private:
    std::string buffer_;
    size_t begin_ = 0, end_ = 0;  ///< what of the buffer is not taken yet
    bool broken_ = false;
};

}  // namespace jsonrpc
