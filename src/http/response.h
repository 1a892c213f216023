// One response being made: status, fields as the text that will be sent, body pieces. Reused from request to
// request so that its memory is allocated once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/output.h"

namespace marmoset::http {

class Response {
  public:
    unsigned status = 200;

    /// Appends a field. CR, LF and NUL in a value become spaces: no caller can split a response.
    void add(std::string_view name, std::string_view value);
    void add(std::string_view name, uint64_t value);
    /// Replaces all fields of that name.
    void set(std::string_view name, std::string_view value);
    void remove(std::string_view name);
    bool has(std::string_view name) const;
    /// Value of the first field of that name, empty if there is none.
    std::string_view get(std::string_view name) const;
    /// Ready-made fields, "Name: value\r\n" each; `fields` must be well-formed.
    void add_block(std::string_view fields) { fields_ += fields; }
    std::string_view fields() const { return fields_; }

    /// Body pieces, in order. Text is copied; shared memory and files stay valid through `owner`.
    void body_text(std::string_view text);
    void body_shared(Bytes data, Ref<RefCounted> owner);
    void body_file(int fd, off_t offset, size_t size, Ref<RefCounted> owner);
    uint64_t body_size() const { return body_size_; }
    void drop_body();

    /// Content-Length to send where it differs from the body: HEAD's, or a 304's. Set by who knows the
    /// length.
    void set_content_length(uint64_t length) { content_length_ = static_cast<int64_t>(length); }
    uint64_t content_length() const {
        return content_length_ >= 0 ? static_cast<uint64_t>(content_length_) : body_size_;
    }
    bool has_content_length() const { return content_length_ >= 0; }

    /// Close the connection after this response whatever the request asked for.
    bool close = false;

    void clear();

  private:
    friend class Http1;
    size_t find(std::string_view name, size_t& end) const;

    std::string fields_;
    std::string text_;
    std::vector<net::OutputItem> body_;  // data == nullptr and fd == -1: a range of text_ (offset, size)
    uint64_t body_size_ = 0;
    int64_t content_length_ = -1;
};

}  // namespace marmoset::http
