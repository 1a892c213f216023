// What of the bytes that wait for a client are notifications. In: sizes of what is sent, how much of it still
// waits. Out: how much of that nobody has asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace jsonrpc {

class Backlog {
  public:
    void answer(size_t bytes) { sent_ += bytes; }
    void notification(size_t bytes);
    /// `buffered`: the last bytes of all that was sent. Bytes of notifications among them.
    size_t notifications(size_t buffered);

  private:
    /// Of the bytes sent since the beginning: notifications with no answer between them.
    struct Range {
        uint64_t begin, end;
    };

    std::deque<Range> ranges_;  ///< in their order; some of them may have gone
    uint64_t sent_ = 0;
    size_t bytes_ = 0;  ///< of ranges_
};

}  // namespace jsonrpc
