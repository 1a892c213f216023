// permessage-deflate on one connection (RFC 7692 7.2): which messages are compressed, which context serves
// them, the four bytes that are cut off at a message's end and put back. Pieces of messages in and out; knows
// no frames.
//
// Contexts are large (256 KiB to compress, 42 KiB to decompress), so a connection that keeps no window
// between its messages owns none: it borrows one for a message, and only for as long as that lasts.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "websocket/deflate.h"
#include "websocket/deflate_offer.h"

namespace marmoset::websocket {

/// What all compressing connections of one process and configuration group share: idle contexts and scratch
/// memory. Used on one thread. Outlives its PerMessageDeflate objects.
class DeflateContexts {
  public:
    /// `level` as Deflater's. Messages of less than `threshold` bytes are sent as they are.
    DeflateContexts(int level, size_t threshold) : level_(level), threshold_(threshold) {}

    std::unique_ptr<Deflater> take_deflater(unsigned window_bits);
    void give_back(std::unique_ptr<Deflater> deflater, unsigned window_bits);
    std::unique_ptr<Inflater> take_inflater(unsigned window_bits);
    void give_back(std::unique_ptr<Inflater> inflater, unsigned window_bits);

    size_t threshold() const { return threshold_; }
    /// Memory for what one call gives out; whoever uses it next overwrites it.
    std::vector<uint8_t>& deflated() { return deflated_; }
    MutableBytes inflated();

    /// A whole message for clients that keep no window of what the server sends; valid until the next use.
    Bytes deflate_shared(Bytes message, unsigned window_bits);

    static constexpr size_t kInflatedStep = 65536;  ///< bytes of inflated()

  private:
    static constexpr size_t kWindows = kMaxWindowBits - kMinWindowBits + 1;
    static constexpr size_t kIdle = 4;  // contexts of a window size that are kept

    int level_;
    size_t threshold_;
    std::vector<std::unique_ptr<Deflater>> deflaters_[kWindows];
    std::vector<std::unique_ptr<Inflater>> inflaters_[kWindows];
    std::vector<uint8_t> deflated_;
    std::unique_ptr<uint8_t[]> inflated_;
};

class PerMessageDeflate {
  public:
    /// The server's end: it sends with `server_window_bits` and receives with `client_window_bits`.
    PerMessageDeflate(const DeflateParameters& parameters, DeflateContexts& contexts)
        : parameters_(parameters), contexts_(contexts) {}
    ~PerMessageDeflate() { release(); }
    /// Gives its contexts back: the connection is over.
    void release();

    /// Begins to receive a compressed message.
    void begin_receiving();
    struct Inflated {
        size_t used = 0;      ///< bytes of the input that were taken
        MutableBytes output;  ///< valid until the next call for any connection
        bool done = false;    ///< all input was taken and all output given
        bool valid = true;
    };
    /// Decompresses `input`, at most `most` bytes of output (at least 1). `last`: the message ends with it.
    /// Until it is done it is to be called again with what remains of the input, even if that is nothing.
    Inflated receive(Bytes input, bool last, size_t most);

    /// Whether a message is to be compressed whose first piece has `size` bytes; `whole`: and no others.
    bool compresses(size_t size, bool whole) const { return !whole || size >= contexts_.threshold(); }
    /// Compresses a piece of a message: what is ready of it, valid until the next call for any connection.
    /// The last piece gives all the rest.
    Bytes send(Bytes piece, bool first, bool last);
    /// Whether the client needs no earlier message to read one: then it may get what was compressed for
    /// others too, or a message uncompressed after all.
    bool sends_independently() const { return !parameters_.server_takeover; }

    const DeflateParameters& parameters() const { return parameters_; }
    /// By how many bytes the contexts that this connection holds have grown since the last call.
    int64_t memory_change();

  private:
    const DeflateParameters parameters_;
    DeflateContexts& contexts_;
    std::unique_ptr<Deflater> deflater_;
    std::unique_ptr<Inflater> inflater_;
    bool received_any_ = false;  // bytes of the message being received
    bool sent_any_ = false;      // bytes of the message being sent
    uint8_t tail_used_ = 0;      // of the four bytes the sender has cut off
    size_t memory_told_ = 0;     // what memory_change() has told so far
};

}  // namespace marmoset::websocket
