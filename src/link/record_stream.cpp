#include "link/record_stream.h"

#include <algorithm>

namespace marmoset::link {

// Judged as soon as the header is there: garbage is not waited for, nor memory taken for it.
bool RecordStream::header_is_good(const uint8_t* header) {
    if (const char* fault = header_fault(header)) {
        error_ = fault;
    } else if (load<uint32_t>(header) > kMaxRecordPayload) {
        error_ = "a record longer than 131072 bytes";
    }
    return *error_ == '\0';
}

// Moves bytes until partial_ holds `size` of them; false: there are not enough yet.
bool RecordStream::complete_partial(size_t size) {
    const size_t part = std::min(data_.size(), size - partial_.size());
    partial_.insert(partial_.end(), data_.begin(), data_.begin() + static_cast<long>(part));
    data_ = data_.subspan(part);
    return partial_.size() == size;
}

RecordStream::Status RecordStream::next(Bytes& run) {
    if (handed_out_) {
        handed_out_ = false;
        if (partial_.capacity() > 4096) {
            std::vector<uint8_t>().swap(
                partial_);  // a large record was the exception: an idle peer owns little
        } else {
            partial_.clear();
        }
    }
    if (*error_ != '\0') return Status::Malformed;
    if (!partial_.empty()) {
        if (partial_.size() < kRecordHeader && !complete_partial(kRecordHeader)) return Status::NeedMore;
        if (!header_is_good(partial_.data())) return Status::Malformed;
        if (!complete_partial(kRecordHeader + load<uint32_t>(partial_.data()))) return Status::NeedMore;
        handed_out_ = true;
        run = partial_;
        return Status::Run;
    }
    size_t whole = 0;
    while (data_.size() - whole >= kRecordHeader) {
        const uint8_t* header = data_.data() + whole;
        if (!header_is_good(header)) break;
        const size_t size = kRecordHeader + load<uint32_t>(header);
        if (size > data_.size() - whole) break;
        whole += size;
    }
    if (whole > 0) {  // what came before the garbage is still good
        run = data_.first(whole);
        data_ = data_.subspan(whole);
        return Status::Run;
    }
    if (*error_ != '\0') return Status::Malformed;
    partial_.assign(data_.begin(), data_.end());
    data_ = {};
    return Status::NeedMore;
}

}  // namespace marmoset::link
