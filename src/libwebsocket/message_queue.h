// Messages that have to wait: outgoing ones for credit, incoming ones of a paused client. In: messages. Out:
// the oldest one, taken whole or in parts. Small messages are packed into blocks, so that what a queue costs
// stays near what it holds, however small the messages; large ones keep a buffer of their own, which may be
// shared.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/ref_counted.h"
#include "libwebsocket/websocket_server.h"
#include "net/loop.h"

namespace marmoset::libwebsocket {

/// Growing memory, counted in the loop's account of queued bytes. Not changed any more once it is shared.
class MessageBuffer final : public RefCounted {
  public:
    /// `loop` outlives the buffer.
    MessageBuffer(net::Loop& loop, size_t capacity);
    void append(Bytes data);
    const uint8_t* data() const { return data_; }
    size_t size() const { return size_; }
    size_t room() const { return capacity_ - size_; }
    Bytes bytes() const { return {data_, size_}; }
    bool holds(Bytes part) const {
        return part.data() >= data_ && part.data() + part.size() <= data_ + size_;
    }

  private:
    ~MessageBuffer() override;
    void resize(size_t capacity);

    net::Loop& loop_;
    uint8_t* data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

/// Which part of a message some bytes are; a whole one is its first and its last.
struct Part {
    websocket_server::Type type;
    bool first = true;
    bool last = true;
};

class MessageQueue {
  public:
    /// `loop` outlives the queue.
    explicit MessageQueue(net::Loop& loop) : loop_(loop) {}

    /// Appends a message, or a part of one. `shared` (or null) is a buffer that holds `data`; without it the
    /// bytes are copied.
    void push(Bytes data, Part part, const Ref<MessageBuffer>* shared);

    bool empty() const { return head_ == pieces_.size(); }
    /// What the messages' rests would cost in credit, sent as one record each.
    uint64_t cost() const { return cost_; }

    struct Front {
        Bytes rest;
        Part part;                         ///< not the first once some of it was taken
        const Ref<MessageBuffer>* buffer;  ///< what `rest` lies in, if it may be shared; valid until pop()
    };
    Front front() const;
    /// The first `size` bytes of the front have been taken, more remain.
    void advance(size_t size);
    /// The rest of the front has been taken.
    void pop();

  private:
    // A message of its own, or a block of packed ones: each a u32 (length * 2 + type), then its bytes.
    struct Piece {
        Ref<MessageBuffer> buffer;
        size_t at;   // next byte to be taken
        size_t end;  // of the message, or of the block's used part
        Part part;   // of the front, if packed: only `first` counts
        bool packed;
    };
    bool pack(Bytes data, websocket_server::Type type);

    net::Loop& loop_;
    std::vector<Piece> pieces_;
    size_t head_ = 0;  // pieces before it are gone
    uint64_t cost_ = 0;
};

}  // namespace marmoset::libwebsocket
