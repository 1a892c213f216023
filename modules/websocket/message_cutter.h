// Messages of a SOCK_STREAM server, framings "bytes" and "lines". In: what the reads gave. Out: messages.
// Pure: no socket, no clock.
#pragma once

#include <vector>

#include "link/line_reader.h"
#include "place.h"

namespace marmoset::websocket_module {

class MessageCutter {
  public:
    /// `max_message`: bytes of a line; longer ones are not taken. What one read gives is never too long.
    MessageCutter(Dialect dialect, uint64_t max_message) : dialect_(dialect), lines_(max_message) {}

    /// The next bytes; everything fed before has been taken by next(). `data` stays valid until the last
    /// message of it has been used.
    void feed(Bytes data);

    struct Message {
        Bytes data;  ///< valid until the next feed(), as long as what was fed is
        bool binary = false;
    };
    enum class Status : uint8_t { Message, NeedMore, TooLong };
    /// Text has not been checked: whoever sends it on does.
    Status next(Message& message);
    /// The stream has ended: what was left of it. NeedMore: nothing.
    Status end(Message& message);

  private:
    Status next_text(Message& message);
    Status next_auto(Message& message);

    const Dialect dialect_;
    link::LineReader lines_;
    Bytes data_;
    std::vector<uint8_t> unfinished_;  // the start of a UTF-8 sequence that the next read ends
    std::vector<uint8_t> joined_;      // that and the read: what data_ refers to
};

}  // namespace marmoset::websocket_module
