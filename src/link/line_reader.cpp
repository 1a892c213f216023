#include "link/line_reader.h"

#include <cstring>

namespace marmoset::link {

void LineReader::feed(Bytes data) {
    data_ = data;
    std::vector<uint8_t>().swap(line_);
}

// `whole` ends in front of the newline.
LineReader::Status LineReader::take(Bytes whole, Bytes& line) {
    if (!whole.empty() && whole.back() == '\r') whole = whole.first(whole.size() - 1);
    if (whole.size() > max_line_) {
        too_long_ = true;
        return Status::TooLong;
    }
    line = whole;
    return Status::Line;
}

LineReader::Status LineReader::next(Bytes& line) {
    if (too_long_) return Status::TooLong;
    if (data_.empty()) return Status::NeedMore;
    const auto* newline = static_cast<const uint8_t*>(std::memchr(data_.data(), '\n', data_.size()));
    const size_t size = newline ? static_cast<size_t>(newline - data_.data()) : data_.size();
    const Bytes piece = data_.first(size);
    data_ = data_.subspan(size + (newline ? 1 : 0));
    if (newline && partial_.empty()) return take(piece, line);
    // One byte more than allowed may be kept: it may be the CR of the line's end.
    if (piece.size() > max_line_ + 1 || partial_.size() > max_line_ + 1 - piece.size()) {
        too_long_ = true;
        std::vector<uint8_t>().swap(partial_);
        return Status::TooLong;
    }
    partial_.insert(partial_.end(), piece.begin(), piece.end());
    if (!newline) return Status::NeedMore;
    line_ = std::move(partial_);
    partial_.clear();
    return take(line_, line);
}

}  // namespace marmoset::link
