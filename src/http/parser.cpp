#include "http/parser.h"

#include <algorithm>

#include "base/text.h"
#include "http/head_check.h"

namespace marmoset::http {

Parser::Parser() {
    llhttp_init(&parser_, HTTP_REQUEST, &settings());
}

const llhttp_settings_t& Parser::settings() {
    static const llhttp_settings_t settings = [] {
        llhttp_settings_t made;
        llhttp_settings_init(&made);
        made.on_header_field = on_header_field;
        made.on_header_value = on_header_value;
        made.on_header_value_complete = on_header_value_complete;
        made.on_headers_complete = on_headers_complete;
        return made;
    }();
    return settings;
}

int Parser::on_header_field(llhttp_t* parser, const char* at, size_t size) {
    static_cast<Parser*>(parser->data)->request_->headers.push_back({{at, size}, {}});
    return 0;
}

int Parser::on_header_value(llhttp_t* parser, const char* at, size_t size) {
    Header& header = static_cast<Parser*>(parser->data)->request_->headers.back();
    // The head is one piece of memory, so spans of one value are neighbours.
    header.value =
        header.value.empty()
            ? std::string_view{at, size}
            : std::string_view{header.value.data(), static_cast<size_t>(at + size - header.value.data())};
    return 0;
}

int Parser::on_header_value_complete(llhttp_t* parser) {
    Header& header = static_cast<Parser*>(parser->data)->request_->headers.back();
    header.value = trim(header.value);
    return 0;
}

int Parser::on_headers_complete(llhttp_t*) {
    return HPE_PAUSED;  // the body is read by feed_body()
}

unsigned Parser::parse_head(std::string_view head, const Limits& limits, Request& request,
                            const char*& reason) {
    const size_t line_end = head.find("\r\n");
    RequestLine line;
    request.head = head;
    in_body_ = false;
    unsigned status = parse_request_line(head.substr(0, line_end), limits.request_line, line);
    request.method_name = line.method;
    request.raw_target = line.target;
    if (status != 0) {
        reason = status == 414   ? "target too long"
                 : status == 501 ? "unknown method"
                 : status == 505 ? "unknown version"
                                 : "bad request line";
        return status;
    }
    request.method = parse_method(line.method);
    if (line.version.empty() && !limits.http09) {  // judged before the rest: the line may have come alone
        reason = "HTTP/0.9";
        return 400;
    }
    status = parse_target(line.target, line.method, request.target);
    if (status == 0 && request.target.form == TargetForm::Authority) {
        reason = "CONNECT";
        return 501;  // there is no resource it could be allowed for
    }
    if (status == 0 && request.target.form != TargetForm::Asterisk)
        status = decode_path(request.target.raw_path, request.path);
    if (status != 0) {
        reason = "bad request target";
        return status;
    }
    if (request.target.form == TargetForm::Asterisk) request.path = "*";
    if (line.version.empty()) {
        reason = "HTTP/0.9";
        request.http09 = true;
        request.minor_version = 0;
        request.keep_alive = false;
        return request.method == Method::Get && line_end + 2 == head.size() ? 0 : 400;
    }
    if ((status = check_header_lines(head.substr(line_end + 2), limits.header_count)) != 0) {
        reason = status == 431 ? "too many headers" : "bad header line";
        return status;
    }
    request.minor_version = line.version[7] == '0' ? 0 : 1;

    request_ = &request;
    const llhttp_errno_t error = read_headers(head, line_end);
    request_ = nullptr;
    if (error != HPE_PAUSED) {
        if (request.count("transfer-encoding") > 0) {
            if (const unsigned coding = check_transfer_encoding(request, reason); coding != 0) return coding;
        }
        reason = llhttp_get_error_reason(&parser_);
        if (!reason || !*reason) reason = llhttp_errno_name(error);
        return 400;
    }
    if ((status = check_framing(request, reason)) != 0) return status;
    if ((status = check_host(request, reason)) != 0) return status;
    chunked_ = request.chunked;
    left_ = request.content_length.value_or(0);
    in_body_ = request.has_body();
    chunks_.reset();
    return 0;
}

// llhttp is not shown what it would refuse against the RFCs: a minor version it does not know, which means 1
// (RFC 9110 2.5), and tabs at the end of a line, which are white space also behind a Content-Length (RFC 9112
// 5.1). Neither is part of a value.
llhttp_errno_t Parser::read_headers(std::string_view head, size_t line_end) {
    llhttp_init(&parser_, HTTP_REQUEST, &settings());
    parser_.data = this;
    size_t shown = 0;
    const auto show = [&](size_t end, size_t next) {
        const llhttp_errno_t error = llhttp_execute(&parser_, head.data() + shown, end - shown);
        shown = next;
        return error;
    };
    llhttp_errno_t error = HPE_OK;
    if (head[line_end - 1] > '1') {
        error = show(line_end - 1, line_end);
        if (error == HPE_OK) error = llhttp_execute(&parser_, "1", 1);
    }
    for (size_t tab = head.find('\t', line_end); error == HPE_OK && tab != std::string_view::npos;) {
        const size_t behind = head.find_first_not_of(" \t", tab);
        if (head[behind] == '\r') error = show(tab, behind);
        tab = head.find('\t', behind);
    }
    return error == HPE_OK ? show(head.size(), head.size()) : error;
}

// RFC 9112 6: what tells the length of the body, and whether the connection persists (9.3).
unsigned Parser::check_framing(Request& request, const char*& reason) {
    std::string_view content_length;
    bool has_upgrade_field = false;
    bool transfer_encoding = false;
    unsigned content_lengths = 0;
    bool close = false;
    bool keep_alive = false;
    bool upgrade = false;
    for (const Header& header : request.headers) {
        switch (header.name.size()) {
            case 6:
                if (equal_caseless(header.name, "expect")) {
                    if (!equal_caseless(header.value, "100-continue")) {
                        reason = "unknown expectation";
                        return 417;
                    }
                    request.expects_continue = request.minor_version >= 1;
                }
                break;
            case 7:
                if (equal_caseless(header.name, "upgrade")) has_upgrade_field = true;
                break;
            case 10:
                if (equal_caseless(header.name, "connection")) {
                    close = close || list_contains(header.value, "close");
                    keep_alive = keep_alive || list_contains(header.value, "keep-alive");
                    upgrade = upgrade || list_contains(header.value, "upgrade");
                }
                break;
            case 14:
                if (equal_caseless(header.name, "content-length"))
                    ++content_lengths, content_length = header.value;
                break;
            case 17:
                if (equal_caseless(header.name, "transfer-encoding")) transfer_encoding = true;
                break;
            default:
                break;
        }
    }
    request.keep_alive = !close && (request.minor_version >= 1 || keep_alive);
    request.has_upgrade = upgrade && has_upgrade_field && request.minor_version >= 1;
    if (content_lengths > 0) {
        const auto length = parse_decimal(content_length);
        if (content_lengths > 1 || transfer_encoding || !length) {
            reason = content_lengths > 1 ? "repeated Content-Length"
                     : !length           ? "bad Content-Length"
                                         : "Content-Length and Transfer-Encoding";
            return 400;
        }
        request.content_length = length;
    }
    if (transfer_encoding) {
        if (const unsigned status = check_transfer_encoding(request, reason); status != 0) return status;
        request.chunked = true;
    }
    const bool wants_body =
        request.method == Method::Post || request.method == Method::Put || request.method == Method::Patch;
    if (request.minor_version == 0 && wants_body && content_lengths == 0) {
        reason = "HTTP/1.0 body without Content-Length";
        return 411;
    }
    return 0;
}

// RFC 9112 6.1, 6.3: chunked once and last, or the length is not known (400); a coding before it that we
// don't know is 501.
unsigned Parser::check_transfer_encoding(Request& request, const char*& reason) const {
    const std::string codings = request.joined("transfer-encoding");
    if (request.minor_version == 0) {
        reason = "Transfer-Encoding in HTTP/1.0";
        return 400;
    }
    std::string_view list = codings;
    unsigned count = 0;
    unsigned chunked = 0;
    bool last_is_chunked = false;
    while (const auto coding = next_list_element(list)) {
        ++count;
        last_is_chunked = equal_caseless(*coding, "chunked");
        chunked += last_is_chunked ? 1 : 0;
    }
    if (count == 1 && chunked == 1) return 0;
    reason = "unknown transfer coding";
    return count == 0 || chunked > 1 || (chunked == 1 && !last_is_chunked) || request.content_length ||
                   request.count("content-length") > 0
               ? 400
               : 501;
}

// RFC 9112 3.2: exactly one Host in HTTP/1.1; an absolute target's authority replaces it.
unsigned Parser::check_host(Request& request, const char*& reason) {
    bool found = false;
    request.host = request.header("host", &found);
    const unsigned count = found ? request.count("host") : 0;
    if (count > 1 || (count == 0 && request.minor_version >= 1) ||
        (count == 1 && !is_valid_host(request.host))) {
        reason = count == 0 ? "no Host" : count > 1 ? "repeated Host" : "bad Host";
        return 400;
    }
    if (request.target.form == TargetForm::Absolute) request.host = request.target.authority;
    return 0;
}

Parser::Body Parser::feed_body(Bytes data, uint64_t limit, size_t framing_limit,
                               void (*on_piece)(void*, Bytes), void* context) {
    Body result;
    if (!in_body_) {
        result.complete = true;
        return result;
    }
    if (!chunked_) {
        result.used = static_cast<size_t>(std::min<uint64_t>(left_, data.size()));
        left_ -= result.used;
        result.complete = left_ == 0;
        if (result.used > 0) on_piece(context, data.first(result.used));
    } else {
        switch (chunks_.feed(data, {limit, framing_limit}, on_piece, context, result.used)) {
            case ChunkedDecoder::Status::More:
                break;
            case ChunkedDecoder::Status::Complete:
                result.complete = true;
                break;
            case ChunkedDecoder::Status::Bad:
                result.status = 400;
                break;
            case ChunkedDecoder::Status::TooLarge:
                result.status = 413;
                break;
            case ChunkedDecoder::Status::TooMuchFraming:
                result.status = 431;
                break;
        }
    }
    if (result.complete) in_body_ = false;
    return result;
}

}  // namespace marmoset::http
