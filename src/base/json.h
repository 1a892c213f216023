// jansson behind one header: an owned document, and a reader for the members of an object that remembers the
// first thing that was wrong. In: JSON text. Out: values, or one line that says what is wrong; nothing
// throws.
#pragma once

#include <jansson.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace marmoset {

/// One reference to a jansson value.
class Json {
  public:
    Json() = default;
    /// Takes over the caller's reference.
    explicit Json(json_t* value) : value_(value) {}
    Json(Json&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
    Json& operator=(Json&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    Json(const Json&) = delete;
    Json& operator=(const Json&) = delete;
    ~Json() { json_decref(value_); }

    /// Borrowed; nullptr when empty.
    json_t* get() const { return value_; }
    explicit operator bool() const { return value_ != nullptr; }

    /// What a member means that stands twice in an object: its last value counts, or the text is refused.
    enum class Members : uint8_t { LastCounts, Unique };
    /// Parses a whole text (an object or an array) nested at most `max_depth` deep. Invalid UTF-8 is refused
    /// by jansson.
    static Result<Json> parse(Bytes text, unsigned max_depth = 16, Members members = Members::LastCounts);

  private:
    json_t* value_ = nullptr;
};

/// Reads members of one object. An absent member (or null) leaves `out` alone; one of another type, or a
/// number out of range, is an error. The first error stays.
class JsonMembers {
  public:
    /// `object` is borrowed and outlives the reader; anything but an object is an error. `where` names it in
    /// errors.
    JsonMembers(const json_t* object, const char* where);

    void string(const char* key, std::string& out);
    void boolean(const char* key, bool& out);
    void number(const char* key, uint64_t& out, uint64_t largest = INT64_MAX);
    template <typename T>
    void number(const char* key, T& out, uint64_t largest) {
        uint64_t value = out;
        number(key, value, largest);
        out = static_cast<T>(value);
    }
    /// The member if it is an object or an array, else nullptr. Borrowed.
    const json_t* object(const char* key);
    const json_t* array(const char* key);

    bool failed() const { return !error_.empty(); }
    const std::string& error() const { return error_; }
    /// Records an error unless there is one.
    void fail(const char* key, const char* what);

  private:
    const json_t* find(const char* key) const;

    const json_t* object_;
    const char* where_;
    std::string error_;
};

/// The bytes of a string value, NULs included.
inline std::string_view json_text(const json_t* value) {
    return {json_string_value(value), json_string_length(value)};
}

}  // namespace marmoset
