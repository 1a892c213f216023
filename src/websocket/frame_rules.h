// RFC 6455 5 and RFC 7692 6: which frame may follow which. A header in, a verdict out; keeps what it must
// remember of the message being received, and nothing else.
#pragma once

#include <cstdint>

#include "base/close_reason.h"
#include "websocket/frame.h"

namespace marmoset::websocket {

class FrameRules {
  public:
    struct Limits {
        uint64_t max_message;    ///< payload bytes of one message
        uint32_t max_fragments;  ///< frames of one message
        bool compression;        ///< permessage-deflate was agreed: a message's first frame may have RSV1
    };

    enum class Verdict : uint8_t {
        Accept,
        ProtocolError,     ///< close with 1002
        TooBig,            ///< close with 1009: the message is longer than allowed
        TooManyFragments,  ///< close with 1009
    };

    /// Judges a frame that `sender` sent, before any of its payload has come. `discarding`: our Close frame
    /// is out; the form still counts, the limits do not.
    Verdict check(const FrameHeader& header, Role sender, const Limits& limits, bool discarding = false);
    /// The payload of a message's last frame has come.
    void end_message() { opcode_ = Opcode::Continuation; }

    /// The message being received; Continuation: none.
    Opcode message_opcode() const { return opcode_; }
    /// Payload bytes announced of it so far.
    uint64_t message_size() const { return size_; }
    /// Whether the message being received is compressed.
    bool compressed() const { return compressed_; }

  private:
    uint64_t size_ = 0;  // payload bytes announced
    uint32_t fragments_ = 0;
    Opcode opcode_ = Opcode::Continuation;
    bool compressed_ = false;
};

}  // namespace marmoset::websocket
