// Formats of params, read and compared in one go. In: text, a value. Out: the first place where the value is
// another.
#include "params_format.h"

#include <cctype>

namespace jsonrpc {

namespace {

// Formats are the library's, but may be of any depth.
constexpr unsigned kMostDepth = 16;

class Reader {
  public:
    explicit Reader(std::string_view format) : rest_(format) {}

    /// `present` false: only the format is read. `where` names the value in the complaint.
    void read(const json_t* value, bool present, const std::string& where, unsigned depth = 0) {
        skip();
        if (rest_.empty() || depth > kMostDepth) return fail();
        const char kind = rest_.front();
        rest_.remove_prefix(1);
        const std::string_view before = rest_;
        // Whether it is optional stands behind it, so a whole value is read over first.
        pass(kind, nullptr, false, where, depth);
        if (broken_) return;
        skip();
        const bool optional = !rest_.empty() && rest_.front() == '?';
        if (optional) rest_.remove_prefix(1);
        const std::string_view behind = rest_;
        if (!present || (optional && (!value || json_is_null(value)))) return;
        if (!value) return complain(where + " is missing");
        rest_ = before;
        pass(kind, value, true, where, depth);
        rest_ = behind;
    }

    void end() {
        skip();
        if (!rest_.empty()) fail();
    }
    bool broken() const { return broken_; }
    const std::string& complaint() const { return complaint_; }

  private:
    void skip() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == ','))
            rest_.remove_prefix(1);
    }
    bool closes(char end) {
        skip();
        if (rest_.empty()) fail();
        if (broken_ || rest_.front() != end) return broken_;
        rest_.remove_prefix(1);
        return true;
    }
    void fail() { broken_ = true; }
    void complain(std::string what) {
        if (complaint_.empty()) complaint_ = std::move(what);
    }

    void pass(char kind, const json_t* value, bool present, const std::string& where, unsigned depth) {
        const auto check = [&](bool fits, const char* what) {
            if (present && !fits) complain(where + " is not " + what);
        };
        switch (kind) {
            case 's':
                return check(json_is_string(value), "a string");
            case 'i':
                return check(json_is_integer(value), "an integer");
            case 'F':
                return check(json_is_number(value), "a number");
            case 'b':
                return check(json_is_boolean(value), "a boolean");
            case 'n':
                return check(json_is_null(value), "null");
            case 'o':
                return;
            case '[':
                check(json_is_array(value), "an array");
                return pass_array(value, present && json_is_array(value), where, depth);
            case '{':
                check(json_is_object(value), "an object");
                return pass_object(value, present && json_is_object(value), where, depth);
            default:
                return fail();
        }
    }

    void pass_array(const json_t* value, bool present, const std::string& where, unsigned depth) {
        for (size_t index = 0; !closes(']'); ++index)
            read(json_array_get(value, index), present, where + "[" + std::to_string(index) + "]", depth + 1);
    }

    void pass_object(const json_t* value, bool present, const std::string& where, unsigned depth) {
        while (!closes('}')) {
            size_t size = 0;
            while (size < rest_.size() &&
                   (std::isalnum(static_cast<unsigned char>(rest_[size])) || rest_[size] == '_'))
                ++size;
            const std::string name(rest_.substr(0, size));
            rest_.remove_prefix(size);
            if (size == 0 || rest_.empty() || rest_.front() != ':') return fail();
            rest_.remove_prefix(1);
            read(json_object_get(value, name.c_str()), present, where + "." + name, depth + 1);
        }
    }

    std::string_view rest_;
    bool broken_ = false;
    std::string complaint_;
};

}  // namespace

std::string misfit(std::string_view format, const json_t* params) {
    if (format.empty()) {
        const bool none = !params || (json_is_array(params) && json_array_size(params) == 0) ||
                          (json_is_object(params) && json_object_size(params) == 0);
        return none ? "" : "the method takes no params";
    }
    if (!is_format(format)) return {};
    Reader reader(format);
    reader.read(params, true, "params");
    return reader.complaint();
}

bool is_format(std::string_view format) {
    if (format.empty()) return true;
    Reader reader(format);
    reader.read(nullptr, false, {});
    if (!reader.broken()) reader.end();
    return !reader.broken();
}

}  // namespace jsonrpc
