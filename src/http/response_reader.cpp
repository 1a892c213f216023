#include "http/response_reader.h"

#include <algorithm>

#include "base/text.h"
#include "http/head_check.h"
#include "http/response_head.h"

namespace marmoset::http {

namespace {

constexpr const char* kTooLarge = "the answer is too large";

}  // namespace

ResponseReader::State ResponseReader::feed(Bytes data) {
    if (part_ == Part::Done) return error_ ? State::Bad : State::Complete;
    if (part_ != Part::Head) return read_body(data);
    head_.append(as_text(data));
    return read_head();
}

ResponseReader::State ResponseReader::end() {
    if (part_ == Part::Done) return error_ ? State::Bad : State::Complete;
    return part_ == Part::UntilEnd ? complete() : bad("the answer ends too early");
}

ResponseReader::State ResponseReader::read_head() {
    for (;;) {
        const size_t end = find_head_end(head_, 0);
        if (heads_size_ + (end == 0 ? head_.size() : end) > kLargestHead)
            return bad("the answer's head is too large");
        if (end == 0) return State::More;
        heads_size_ += end;
        const std::string whole = std::move(head_);
        const State state = begin_body(std::string_view(whole).substr(0, end));
        if (part_ == Part::Head) {  // an interim one
            head_ = whole.substr(end);
            continue;
        }
        if (state != State::More) return state;
        return read_body(as_bytes(whole).subspan(end));
    }
}

// RFC 9112 6.3, of an answer to GET or POST.
ResponseReader::State ResponseReader::begin_body(std::string_view text) {
    ResponseHead head;
    if (const char* wrong = parse_response_head(text, kMostFields, head)) return bad(wrong);
    status_ = head.status;
    if (status_ == 101) return bad("the answer switches protocols");
    if (status_ < 200) return State::More;
    const std::string type = head.joined("content-type");
    content_type_ = trim(std::string_view(type).substr(0, type.find(';')));
    const std::string coding = head.joined("content-encoding");
    if (!coding.empty() && !equal_caseless(coding, "identity"))
        return bad("the answer has a content coding that was not asked for");
    if (status_ == 204 || status_ == 304) return complete();
    const unsigned lengths = head.count("content-length");
    if (head.count("transfer-encoding") > 0) {
        if (lengths > 0 || head.minor_version == 0 ||
            !equal_caseless(head.joined("transfer-encoding"), "chunked"))
            return bad("the answer's length can't be known");
        part_ = Part::Chunks;
        return State::More;
    }
    if (lengths == 0) {
        part_ = Part::UntilEnd;
        return State::More;
    }
    const auto length = parse_decimal(head.joined("content-length"));
    if (lengths > 1 || !length) return bad("the answer's length can't be known");
    if (*length > largest_) return bad(kTooLarge);
    if (*length == 0) return complete();
    left_ = *length;
    part_ = Part::Length;
    return State::More;
}

ResponseReader::State ResponseReader::read_body(Bytes data) {
    if (part_ == Part::UntilEnd) return append(data);
    if (part_ == Part::Length) {
        data = data.first(static_cast<size_t>(std::min<uint64_t>(left_, data.size())));
        left_ -= data.size();
        const State state = append(data);
        return state == State::More && left_ == 0 ? complete() : state;
    }
    size_t used = 0;
    const auto keep = [](void* body, Bytes piece) {
        static_cast<std::string*>(body)->append(as_text(piece));
    };
    switch (chunks_.feed(data, {largest_, kLargestHead}, keep, &body_, used)) {
        case ChunkedDecoder::Status::More:
            return State::More;
        case ChunkedDecoder::Status::Complete:
            return complete();
        case ChunkedDecoder::Status::TooLarge:
            return bad(kTooLarge);
        default:
            return bad("the answer's chunks are malformed");
    }
}

ResponseReader::State ResponseReader::append(Bytes data) {
    if (data.size() > largest_ - body_.size()) return bad(kTooLarge);
    body_.append(as_text(data));
    return State::More;
}

}  // namespace marmoset::http
