#include "http/response.h"

#include <charconv>

#include "base/text.h"

namespace marmoset::http {

void Response::add(std::string_view name, std::string_view value) {
    fields_.append(name).append(": ");
    const size_t start = fields_.size();
    fields_.append(value);
    for (size_t i = start; i < fields_.size(); ++i) {
        if (fields_[i] == '\r' || fields_[i] == '\n' || fields_[i] == '\0') fields_[i] = ' ';
    }
    fields_.append("\r\n");
}

void Response::add(std::string_view name, uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    fields_.append(name).append(": ").append(digits, end).append("\r\n");
}

size_t Response::find(std::string_view name, size_t& end) const {
    for (size_t start = 0; start < fields_.size(); start = end) {
        end = fields_.find('\n', start) + 1;
        if (start + name.size() < end && fields_[start + name.size()] == ':' &&
            equal_caseless(std::string_view(fields_).substr(start, name.size()), name)) {
            return start;
        }
    }
    return std::string::npos;
}

void Response::remove(std::string_view name) {
    size_t end = 0;
    for (size_t start = find(name, end); start != std::string::npos; start = find(name, end)) {
        fields_.erase(start, end - start);
    }
}

void Response::set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
}

bool Response::has(std::string_view name) const {
    size_t end = 0;
    return find(name, end) != std::string::npos;
}

std::string_view Response::get(std::string_view name) const {
    size_t end = 0;
    const size_t start = find(name, end);
    if (start == std::string::npos) return {};
    const size_t value = start + name.size() + 2;
    return std::string_view(fields_).substr(value, end - 2 - value);
}

void Response::body_text(std::string_view text) {
    body_.push_back({nullptr, text.size(), {}, -1, static_cast<off_t>(text_.size())});
    text_ += text;
    body_size_ += text.size();
}

void Response::body_shared(Bytes data, Ref<RefCounted> owner) {
    body_size_ += data.size();
    body_.push_back({data.data(), data.size(), std::move(owner), -1, 0});
}

void Response::body_file(int fd, off_t offset, size_t size, Ref<RefCounted> owner) {
    body_size_ += size;
    body_.push_back({nullptr, size, std::move(owner), fd, offset});
}

void Response::drop_body() {
    body_.clear();
    text_.clear();
    body_size_ = 0;
    content_length_ = -1;
}

void Response::clear() {
    status = 200;
    fields_.clear();
    drop_body();
    content_length_ = -1;
    close = false;
}

}  // namespace marmoset::http
