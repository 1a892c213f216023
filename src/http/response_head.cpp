#include "http/response_head.h"

#include <llhttp.h>

#include "base/text.h"
#include "http/head_check.h"

namespace marmoset::http {

namespace {

ResponseHead& head_of(llhttp_t* parser) {
    return *static_cast<ResponseHead*>(parser->data);
}

// The head is one piece of memory, so spans of one field are neighbours.
void extend(std::string_view& text, const char* at, size_t size) {
    text = text.empty() ? std::string_view(at, size)
                        : std::string_view(text.data(), static_cast<size_t>(at + size - text.data()));
}

int on_status(llhttp_t* parser, const char* at, size_t size) {
    extend(head_of(parser).reason, at, size);
    return 0;
}

int on_header_field(llhttp_t* parser, const char* at, size_t size) {
    head_of(parser).headers.push_back({{at, size}, {}});
    return 0;
}

int on_header_value(llhttp_t* parser, const char* at, size_t size) {
    extend(head_of(parser).headers.back().value, at, size);
    return 0;
}

int on_header_value_complete(llhttp_t* parser) {
    std::string_view& value = head_of(parser).headers.back().value;
    value = trim(value);
    return 0;
}

int on_headers_complete(llhttp_t*) {
    return HPE_PAUSED;  // the body, or what 101 switches to, is not for this parser
}

const llhttp_settings_t& settings() {
    static const llhttp_settings_t settings = [] {
        llhttp_settings_t made;
        llhttp_settings_init(&made);
        made.on_status = on_status;
        made.on_header_field = on_header_field;
        made.on_header_value = on_header_value;
        made.on_header_value_complete = on_header_value_complete;
        made.on_headers_complete = on_headers_complete;
        return made;
    }();
    return settings;
}

}  // namespace

unsigned ResponseHead::count(std::string_view name) const {
    unsigned found = 0;
    for (const Header& header : headers)
        found += equal_caseless(header.name, name) ? 1 : 0;
    return found;
}

std::string ResponseHead::joined(std::string_view name) const {
    std::string text;
    bool any = false;
    for (const Header& header : headers) {
        if (!equal_caseless(header.name, name)) continue;
        if (any) text += ", ";
        any = true;
        text += header.value;
    }
    return text;
}

const char* parse_response_head(std::string_view head, size_t max_headers, ResponseHead& out) {
    out = {};
    const size_t line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    // RFC 9112 4: HTTP-version SP status-code SP [ reason-phrase ]. The second space is often forgotten.
    if (line_end == std::string_view::npos || !line.starts_with("HTTP/1.") || line.size() < 12 ||
        (line[7] != '0' && line[7] != '1') || line[8] != ' ' || (line.size() > 12 && line[12] != ' '))
        return "the answer is not HTTP/1.x";
    switch (check_header_lines(head.substr(line_end + 2), max_headers)) {
        case 0:
            break;
        case 431:
            return "the answer has too many header fields";
        default:
            return "the answer has a malformed header field";
    }
    llhttp_t parser;
    llhttp_init(&parser, HTTP_RESPONSE, &settings());
    parser.data = &out;
    const llhttp_errno_t error = llhttp_execute(&parser, head.data(), head.size());
    if (error != HPE_PAUSED && error != HPE_PAUSED_UPGRADE) return "the answer's head is malformed";
    if (parser.status_code < 100) return "the answer's status is no HTTP status";
    out.status = parser.status_code;
    out.minor_version = parser.http_minor;
    return nullptr;
}

}  // namespace marmoset::http
