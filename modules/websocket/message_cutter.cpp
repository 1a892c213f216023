#include "message_cutter.h"

#include <cstring>

#include "websocket/utf8.h"

namespace marmoset::websocket_module {

void MessageCutter::feed(Bytes data) {
    if (dialect_.framing == Dialect::Framing::Lines) {
        lines_.feed(data);
        return;
    }
    std::vector<uint8_t>().swap(joined_);
    data_ = data;
    if (unfinished_.empty()) return;
    joined_ = std::move(unfinished_);
    unfinished_.clear();
    joined_.insert(joined_.end(), data.begin(), data.end());
    data_ = joined_;
}

MessageCutter::Status MessageCutter::next(Message& message) {
    if (dialect_.framing == Dialect::Framing::Lines) {
        message.binary = false;
        const auto status = lines_.next(message.data);
        return status == link::LineReader::Status::Line       ? Status::Message
               : status == link::LineReader::Status::NeedMore ? Status::NeedMore
                                                              : Status::TooLong;
    }
    if (data_.empty()) return Status::NeedMore;
    if (dialect_.type == Dialect::Type::Text) return next_text(message);
    if (dialect_.type == Dialect::Type::Auto) return next_auto(message);
    message = {data_, true};
    data_ = {};
    return Status::Message;
}

// ouistiti: a NUL ends a message, and what follows it is the next one. An unfinished UTF-8 sequence at the
// end waits.
MessageCutter::Status MessageCutter::next_text(Message& message) {
    while (!data_.empty()) {
        const auto* nul = static_cast<const uint8_t*>(std::memchr(data_.data(), 0, data_.size()));
        Bytes text = nul ? data_.first(static_cast<size_t>(nul - data_.data())) : data_;
        data_ = nul ? data_.subspan(text.size() + 1) : Bytes();
        websocket::Utf8Validator validator;
        if (!nul && validator.feed(text)) {
            const size_t complete = websocket::complete_utf8_prefix(text);
            unfinished_.assign(text.begin() + static_cast<long>(complete), text.end());
            text = text.first(complete);
        }
        if (text.empty()) continue;
        message = {text, false};
        return Status::Message;
    }
    return Status::NeedMore;
}

MessageCutter::Status MessageCutter::next_auto(Message& message) {
    message = {data_, false};
    data_ = {};
    websocket::Utf8Validator validator;
    message.binary = !validator.feed(message.data);
    if (message.binary) return Status::Message;
    const size_t complete = websocket::complete_utf8_prefix(message.data);
    unfinished_.assign(message.data.begin() + static_cast<long>(complete), message.data.end());
    message.data = message.data.first(complete);
    return complete > 0 ? Status::Message : Status::NeedMore;
}

MessageCutter::Status MessageCutter::end(Message& message) {
    if (dialect_.framing == Dialect::Framing::Lines) {
        message = {lines_.unfinished(), false};
    } else {
        message = {unfinished_, dialect_.type == Dialect::Type::Auto};
    }
    return message.data.empty() ? Status::NeedMore : Status::Message;
}

}  // namespace marmoset::websocket_module
