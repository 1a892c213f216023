// RFC 9110 13.2.2: preconditions, then Range, on the representation that Accept-Encoding chose. In: a
// request, a resource. Out: 200, 206, 304, 412 or 416.
#include "answer.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <string>
#include <vector>

#include "base/hex.h"
#include "conditional.h"
#include "range.h"

namespace marmoset::document {

namespace {

void add_body(http::Response& response, File& file, const ByteRange& range, FileBody& body) {
    if (range.size == 0) return;
    if (file.in_memory()) {
        response.body_shared(file.content().subspan(range.offset, range.size), Ref<RefCounted>(&file));
        return;
    }
    response.body_file(file.descriptor(), static_cast<off_t>(range.offset), range.size,
                       Ref<RefCounted>(&file));
    if (!body.file) body = {&file, range.offset, range.size};
}

void append_content_range(std::string& text, const ByteRange& range, uint64_t size) {
    text +=
        fmt::format("Content-Range: bytes {}-{}/{}\r\n", range.offset, range.offset + range.size - 1, size);
}

/// A delimiter that the parts don't contain: chance decides, with 96 bits (RFC 2046 5.1.1).
std::string make_boundary() {
    uint8_t random[12] = {};
    [[maybe_unused]] const ssize_t count = ::getrandom(random, sizeof random, 0);
    return hex_encode(Bytes(random, sizeof random));
}

http::Verdict answer_whole(http::Exchange& exchange, File& file, FileBody& body) {
    http::Response& response = exchange.response;
    response.status = 200;
    response.add_block(file.fields());
    if (exchange.request.method == http::Method::Head) {
        response.set_content_length(file.size());
    } else {
        add_body(response, file, {0, file.size()}, body);
    }
    return http::Verdict::done();
}

http::Verdict answer_one_range(http::Exchange& exchange, File& file, const ByteRange& range, FileBody& body) {
    http::Response& response = exchange.response;
    std::string content_range;
    append_content_range(content_range, range, file.size());
    response.status = 206;
    response.add_block(file.fields());
    response.add_block(content_range);
    add_body(response, file, range, body);
    return http::Verdict::done();
}

http::Verdict answer_ranges(http::Exchange& exchange, File& file, const std::vector<ByteRange>& ranges,
                            FileBody& body) {
    http::Response& response = exchange.response;
    const std::string boundary = make_boundary();
    response.status = 206;
    response.add("Content-Type", "multipart/byteranges; boundary=" + boundary);
    response.add_block(file.fields_without_type());
    std::string head;
    for (const ByteRange& range : ranges) {
        head.append("\r\n--").append(boundary).append("\r\n").append(file.type_field());
        append_content_range(head, range, file.size());
        head += "\r\n";
        response.body_text(head);
        add_body(response, file, range, body);
        head.clear();
    }
    response.body_text("\r\n--" + boundary + "--\r\n");
    return http::Verdict::done();
}

}  // namespace

http::Verdict answer_file(http::Exchange& exchange, const Resource& resource, int64_t now, FileBody& body) {
    const RequestFields fields(exchange.request);
    Encoding encoding = Encoding::Identity;
    if (resource.encodings != bit(Encoding::Identity)) {
        encoding = choose_encoding(fields.accept_encoding, resource.encodings);
    }
    File& file = *resource.files[static_cast<size_t>(encoding)];
    const Validators validators{file.etag(), file.last_modified()};
    switch (check_preconditions(fields, validators, now)) {
        case Precondition::Passed:
            break;
        case Precondition::Failed:
            return http::Verdict::fail(412);
        case Precondition::NotModified:
            exchange.response.status = 304;
            exchange.response.add_block(file.validator_fields());
            return http::Verdict::done();
    }
    // RFC 9110 14.2: Range is defined for GET alone.
    if (fields.range.empty() || exchange.request.method != http::Method::Get ||
        !range_is_current(fields, validators, now)) {
        return answer_whole(exchange, file, body);
    }
    std::vector<ByteRange> ranges;
    switch (parse_ranges(fields.range, file.size(), ranges)) {
        case RangeVerdict::Whole:
            break;
        case RangeVerdict::Unsatisfiable:
            exchange.response.add("Content-Range", fmt::format("bytes */{}", file.size()));
            return http::Verdict::fail(416);
        case RangeVerdict::Partial:
            if (ranges.size() == 1) return answer_one_range(exchange, file, ranges[0], body);
            // Content-Encoding of a multipart body would be said of the whole of it, which is not compressed.
            if (file.encoding() == Encoding::Identity) return answer_ranges(exchange, file, ranges, body);
            break;
    }
    return answer_whole(exchange, file, body);
}

}  // namespace marmoset::document
