#include "http/request.h"

#include "base/text.h"

namespace marmoset::http {

Method parse_method(std::string_view name) {
    switch (name.size()) {
        case 3:
            if (name == "GET") return Method::Get;
            if (name == "PUT") return Method::Put;
            break;
        case 4:
            if (name == "HEAD") return Method::Head;
            if (name == "POST") return Method::Post;
            break;
        case 5:
            if (name == "PATCH") return Method::Patch;
            if (name == "TRACE") return Method::Trace;
            break;
        case 6:
            if (name == "DELETE") return Method::Delete;
            break;
        case 7:
            if (name == "OPTIONS") return Method::Options;
            if (name == "CONNECT") return Method::Connect;
            break;
        default:
            break;
    }
    return Method::Other;
}

std::string_view Request::header(std::string_view name, bool* found) const {
    for (const Header& header : headers) {
        if (header.name.size() != name.size() || !equal_caseless(header.name, name)) continue;
        if (found) *found = true;
        return header.value;
    }
    if (found) *found = false;
    return {};
}

unsigned Request::count(std::string_view name) const {
    unsigned count = 0;
    for (const Header& header : headers)
        count += equal_caseless(header.name, name) ? 1 : 0;
    return count;
}

std::string Request::joined(std::string_view name) const {
    std::string values;
    for (const Header& header : headers) {
        if (!equal_caseless(header.name, name)) continue;
        if (!values.empty()) values += ", ";
        values += header.value;
    }
    return values;
}

void Request::replace(std::string_view name, std::string value) {
    bool kept = value.empty();
    if (!kept) replacements_.push_front(std::move(value));
    std::erase_if(headers, [&](Header& header) {
        if (!equal_caseless(header.name, name)) return false;
        if (kept) return true;
        kept = true;
        header.value = replacements_.front();
        return false;
    });
}

void Request::clear() {
    method = Method::Other;
    method_name = raw_target = host = head = {};
    target = {};
    path.clear();
    headers.clear();
    copy_.clear();
    replacements_.clear();
    minor_version = 1;
    http09 = chunked = expects_continue = has_upgrade = false;
    keep_alive = true;
    content_length.reset();
}

void Request::retain() {
    if (retained()) return;
    copy_.assign(head);
    const char* from = head.data();
    auto move = [&](std::string_view& view) {
        // Views of literals ("*") stay where they are.
        if (view.data() >= from && view.data() <= from + head.size())
            view = {copy_.data() + (view.data() - from), view.size()};
    };
    move(method_name);
    move(raw_target);
    move(target.authority);
    move(target.raw_path);
    move(target.query);
    move(host);
    for (Header& header : headers) {
        move(header.name);
        move(header.value);
    }
    head = copy_;
}

}  // namespace marmoset::http
