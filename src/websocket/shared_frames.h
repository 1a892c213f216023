// Frames that many clients are sent: each is encoded once, and lies behind the one before it, so that queues
// which refer to several of them hold one piece. In: payloads. Out: bytes and what keeps them.
#pragma once

#include "base/bytes.h"
#include "base/ref_counted.h"
#include "net/output.h"
#include "websocket/frame.h"

namespace marmoset::websocket {

class SharedFrames {
  public:
    struct Frame {
        Bytes bytes;
        Ref<RefCounted> owner;  ///< keeps the bytes, and those of its neighbours
    };

    /// `loop` outlives all frames; their memory counts as queued.
    explicit SharedFrames(net::Loop& loop) : loop_(loop) {}

    /// A whole unmasked message of one frame. `rsv`: kRsvCompressed or 0.
    Frame encode(Opcode opcode, Bytes payload, uint8_t rsv = 0);
    /// Keeps nothing for further frames: before the loop goes, where it does not outlive this.
    void clear() { block_ = {}; }

  private:
    net::Loop& loop_;
    Ref<net::OwnedBlock> block_;
};

}  // namespace marmoset::websocket
