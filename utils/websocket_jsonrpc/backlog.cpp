// Notifications among what waits. In: sizes. Out: a sum.
#include "backlog.h"

#include <algorithm>

namespace jsonrpc {

void Backlog::notification(size_t bytes) {
    if (ranges_.empty() || ranges_.back().end != sent_) ranges_.push_back({sent_, sent_});
    sent_ += bytes;
    ranges_.back().end = sent_;
    bytes_ += bytes;
}

size_t Backlog::notifications(size_t buffered) {
    const uint64_t gone = sent_ - std::min<uint64_t>(sent_, buffered);
    while (!ranges_.empty() && ranges_.front().begin < gone) {
        Range& first = ranges_.front();
        const uint64_t size = std::min(first.end, gone) - first.begin;
        first.begin += size;
        bytes_ -= size;
        if (first.begin == first.end) ranges_.pop_front();
    }
    return bytes_;
}

}  // namespace jsonrpc
