// What this server has told the others, the last of it: who has missed something gets it again. In: texts.
// Out: their numbers, and the texts from a number on.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace chat {

class Outbox {
  public:
    Outbox(size_t messages, size_t bytes) : messages_(messages), bytes_(bytes) {}

    /// The number the next one will have; the first is 1.
    uint64_t next() const { return first_ + kept_.size(); }
    /// The oldest that is there; next() when there is none.
    uint64_t first() const { return first_; }

    void push(std::string text) {
        size_ += text.size();
        kept_.push_back(std::move(text));
        while (kept_.size() > messages_ || (size_ > bytes_ && kept_.size() > 1)) {
            size_ -= kept_.front().size();
            kept_.pop_front();
            ++first_;
        }
    }
    /// `number` lies between first() and next().
    const std::string& at(uint64_t number) const { return kept_[number - first_]; }

  private:
    const size_t messages_, bytes_;
    std::deque<std::string> kept_;
    uint64_t first_ = 1;
    size_t size_ = 0;
};

}  // namespace chat
