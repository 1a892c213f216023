// Reads JSON (RFC 8259) front to back, building no tree: for the metadata of every handshake, where a tree of
// values costs more than all the rest. In: text, and what the reader expects next. Out: values, or «failed»
// for good. Accepts what jansson accepts, and numbers of any size where they are skipped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace marmoset {

/// After the first failure every call fails. `text` outlives the scanner.
class JsonScanner {
  public:
    static constexpr unsigned kMaxDepth = 16;

    explicit JsonScanner(std::string_view text) : text_(text) {}

    /// First character of the next value ('"', '{', '[', 't', 'f', 'n', a digit, '-'), 0 at the end of the
    /// text.
    char peek();

    /// Enters an object; then next_member() gives each key in turn, its value to be taken before the next
    /// one, and false at the closing brace.
    bool begin_object() { return enter('{'); }
    bool next_member(std::string& key);
    /// The same for an array.
    bool begin_array() { return enter('['); }
    bool next_element() { return next(']'); }

    /// Replaces `out`.
    bool string(std::string& out);
    /// A whole number from 0 to `largest`.
    bool number(uint64_t& out, uint64_t largest);
    bool boolean(bool& out);
    /// Any value, thrown away.
    bool skip();
    /// Takes null if it is next.
    bool null();
    /// Nothing but white space is left.
    bool at_end();

    bool failed() const { return failed_; }
    /// Byte at which it failed.
    size_t position() const { return at_; }

  private:
    bool enter(char bracket);
    bool next(char bracket);
    bool word(std::string_view expected);
    bool number_text(std::string_view& out);
    bool escape(std::string& out);
    bool code_unit(uint32_t& out);
    bool fail() {
        failed_ = true;
        return false;
    }

    std::string_view text_;
    size_t at_ = 0;
    unsigned depth_ = 0;
    bool first_ = false;  // nothing of the innermost object or array has been taken
    bool failed_ = false;
};

}  // namespace marmoset
