// The last messages of a room, for who comes later: so many, and so many bytes. In: messages as they are
// said. Out: what is kept, oldest first.
#pragma once

#include <cstddef>
#include <deque>

#include "message.h"

namespace chat {

struct HistoryLimits {
    size_t messages = 0;  ///< of a room; 0: nothing is kept
    size_t bytes = 0;     ///< of a room
};

class History {
  public:
    /// `limits` outlives it.
    explicit History(const HistoryLimits& limits) : limits_(limits) {}

    /// Keeps the message; older ones go as the limits ask. The newest stays, whatever its size.
    void push(Message message);
    /// Forgets the oldest one; false: there is none.
    bool drop_oldest();

    const std::deque<Message>& messages() const { return messages_; }
    bool empty() const { return messages_.empty(); }
    size_t bytes() const { return bytes_; }
    /// Messages of a smaller position are not kept any more.
    uint64_t oldest_position() const { return messages_.empty() ? 0 : messages_.front().position; }

  private:
    const HistoryLimits& limits_;
    std::deque<Message> messages_;
    size_t bytes_ = 0;
};

}  // namespace chat
