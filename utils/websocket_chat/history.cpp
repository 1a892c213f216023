#include "history.h"

#include <utility>

namespace chat {

void History::push(Message message) {
    if (limits_.messages == 0) return;
    bytes_ += message.size();
    messages_.push_back(std::move(message));
    while (messages_.size() > limits_.messages || (bytes_ > limits_.bytes && messages_.size() > 1))
        drop_oldest();
}

bool History::drop_oldest() {
    if (messages_.empty()) return false;
    bytes_ -= messages_.front().size();
    messages_.pop_front();
    return true;
}

}  // namespace chat
