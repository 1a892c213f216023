#include "http/chunked.h"

#include <algorithm>

#include "base/text.h"

namespace marmoset::http {

namespace {

/// What may stand in a line behind its name or size (RFC 9110 5.5): no control character but the tab.
bool is_value_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

bool is_white_space(char c) {
    return c == ' ' || c == '\t';
}

}  // namespace

ChunkedDecoder::Status ChunkedDecoder::feed(Bytes data, const Limits& limits, void (*on_piece)(void*, Bytes),
                                            void* context, size_t& used) {
    size_t at = 0;
    Status status = Status::More;
    while (at < data.size() && status == Status::More) {
        if (state_ == State::Data) {
            const auto size = static_cast<size_t>(std::min<uint64_t>(left_, data.size() - at));
            left_ -= size;
            if (left_ == 0) state_ = State::DataCr;
            on_piece(context, data.subspan(at, size));
            at += size;
            continue;
        }
        status = on_byte(static_cast<char>(data[at++]), limits);
        if (status == Status::More && framing_ > limits.framing) status = Status::TooMuchFraming;
    }
    used = at;
    return status;
}

ChunkedDecoder::Status ChunkedDecoder::on_byte(char c, const Limits& limits) {
    switch (state_) {
        case State::SizeFirst:
            return on_size_byte(c, true);
        case State::Size:
            return on_size_byte(c, false);
        case State::SizeSpace:
            ++framing_;
            if (c == ';') state_ = State::Extension;
            return c == ';' || is_white_space(c) ? Status::More : Status::Bad;
        case State::Extension:
            ++framing_;
            if (c == '\r') state_ = State::SizeLf;
            return c == '\r' || is_value_character(c) ? Status::More : Status::Bad;
        case State::SizeLf:
            return c == '\n' ? on_size_end(limits) : Status::Bad;
        case State::Data:
            break;  // feed() takes it in pieces
        case State::DataCr:
            return expect(c, '\r', State::DataLf);
        case State::DataLf:
            return expect(c, '\n', State::SizeFirst);
        case State::TrailerFirst:
            ++framing_;
            state_ = c == '\r' ? State::EndLf : State::TrailerName;
            return c == '\r' || is_token_character(c) ? Status::More : Status::Bad;
        case State::TrailerName:
            ++framing_;
            if (c == ':') state_ = State::TrailerValue;
            return c == ':' || is_token_character(c) ? Status::More : Status::Bad;
        case State::TrailerValue:
            ++framing_;
            if (c == '\r') state_ = State::TrailerLf;
            return c == '\r' || is_value_character(c) ? Status::More : Status::Bad;
        case State::TrailerLf:
            return expect(c, '\n', State::TrailerFirst);
        case State::EndLf:
            return c == '\n' ? Status::Complete : Status::Bad;
    }
    return Status::Bad;
}

ChunkedDecoder::Status ChunkedDecoder::on_size_byte(char c, bool first) {
    if (const int digit = hex_value(c); digit >= 0) {
        if (left_ >> 60 != 0) return Status::Bad;  // the next digit would be lost
        if (left_ == 0 && digit == 0) ++framing_;  // a leading zero
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        state_ = State::Size;
        return Status::More;
    }
    if (first) return Status::Bad;
    if (c == '\r') {
        state_ = State::SizeLf;
    } else if (c == ';') {
        state_ = State::Extension;
    } else if (is_white_space(c)) {
        state_ = State::SizeSpace;
    } else {
        return Status::Bad;
    }
    return Status::More;
}

ChunkedDecoder::Status ChunkedDecoder::on_size_end(const Limits& limits) {
    state_ = left_ == 0 ? State::TrailerFirst : State::Data;
    if (left_ > limits.content - std::min(limits.content, content_)) return Status::TooLarge;
    content_ += left_;
    return Status::More;
}

ChunkedDecoder::Status ChunkedDecoder::expect(char c, char expected, State next) {
    if (c != expected) return Status::Bad;
    state_ = next;
    return Status::More;
}

}  // namespace marmoset::http
