// Writes JSON (RFC 8259) by appending to a text: no tree, no allocation but the text's own growth. In: values
// in the order they shall stand. Out: compact JSON that is always valid, whatever bytes the strings hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace marmoset {

/// The caller sees to it that objects and arrays are closed and that each value of an object follows its key.
class JsonWriter {
  public:
    /// `out` outlives the writer; what it holds already stays in front.
    explicit JsonWriter(std::string& out) : out_(out) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }

    void key(std::string_view name);
    /// Quotes, backslashes and control characters are escaped; each byte that belongs to no UTF-8 sequence
    /// (RFC 3629) becomes U+FFFD: what a client sends can't make the text invalid.
    void string(std::string_view text);
    void number(uint64_t value);
    void boolean(bool value) { word(value ? "true" : "false"); }
    void null() { word("null"); }

    // A key and its value.
    void member(std::string_view name, std::string_view text) {
        key(name);
        string(text);
    }
    void member(std::string_view name, uint64_t value) {
        key(name);
        number(value);
    }

  private:
    void open(char bracket) {
        separate();
        out_.push_back(bracket);
        comma_ = false;
    }
    void close(char bracket) {
        out_.push_back(bracket);
        comma_ = true;
    }
    void word(std::string_view text) {
        separate();
        out_.append(text);
    }
    void separate() {
        if (comma_) out_.push_back(',');
        comma_ = true;
    }
    void quote(std::string_view text);

    std::string& out_;
    bool comma_ = false;  // a value has been written before in this object or array
};

}  // namespace marmoset
