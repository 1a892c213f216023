#include "values.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/base64.h"
#include "base/json.h"

namespace marmoset::sqlrpc {

namespace {

constexpr sqlite3_int64 kLargestExact = (sqlite3_int64{1} << 53) - 1;

json_t* marked(const char* mark, const std::string& text) {
    return json_pack("{s:o}", mark, json_stringn(text.data(), text.size()));
}

json_t* blob_value(std::string_view bytes) {
    return marked("base64", base64_encode(as_bytes(bytes)));
}

json_t* integer_value(sqlite3_int64 number, LargeIntegers large) {
    if (large == LargeIntegers::Marked && (number > kLargestExact || number < -kLargestExact))
        return marked("integer", std::to_string(number));
    return json_integer(number);
}

json_t* real_value(double number) {
    if (std::isinf(number)) return marked("real", number > 0 ? "Infinity" : "-Infinity");
    return json_real(number);
}

// Of a marked value: an object with one member.
int bind_marked(sqlite3_stmt* statement, int index, const json_t* object) {
    const auto* const value = json_object_get(object, "base64");
    if (json_object_size(object) != 1) return SQLITE_MISMATCH;
    if (json_is_string(value)) {
        const auto bytes = base64_decode(json_text(value));
        if (!bytes) return SQLITE_MISMATCH;
        return sqlite3_bind_blob64(statement, index, bytes->data(), bytes->size(), SQLITE_TRANSIENT);
    }
    const auto* const integer = json_object_get(object, "integer");
    if (json_is_string(integer)) {
        char* end = nullptr;
        errno = 0;
        const char* const text = json_string_value(integer);
        const long long number = std::strtoll(text, &end, 10);
        if (end == text || *end != '\0' || errno != 0) return SQLITE_MISMATCH;
        return sqlite3_bind_int64(statement, index, number);
    }
    const auto* const real = json_object_get(object, "real");
    if (!json_is_string(real)) return SQLITE_MISMATCH;
    const std::string_view text = json_text(real);
    if (text != "Infinity" && text != "-Infinity") return SQLITE_MISMATCH;
    const double infinity = std::numeric_limits<double>::infinity();
    return sqlite3_bind_double(statement, index, text[0] == '-' ? -infinity : infinity);
}

int bind_value(sqlite3_stmt* statement, int index, const json_t* value) {
    switch (json_typeof(value)) {
        case JSON_STRING:
            return sqlite3_bind_text64(statement, index, json_string_value(value), json_string_length(value),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
        case JSON_INTEGER:
            return sqlite3_bind_int64(statement, index, json_integer_value(value));
        case JSON_REAL:
            return sqlite3_bind_double(statement, index, json_real_value(value));
        case JSON_TRUE:
        case JSON_FALSE:
            return sqlite3_bind_int(statement, index, json_is_true(value) ? 1 : 0);
        case JSON_NULL:
            return sqlite3_bind_null(statement, index);
        case JSON_OBJECT:
            return bind_marked(statement, index, value);
        case JSON_ARRAY:
            break;
    }
    return SQLITE_MISMATCH;
}

Error invalid(std::string text) {
    return Error{std::move(text), EINVAL};
}

std::string name_of(sqlite3_stmt* statement, int index) {
    const char* const name = sqlite3_bind_parameter_name(statement, index);
    return name ? name : "?" + std::to_string(index);
}

Result<void> bind_checked(sqlite3_stmt* statement, int index, const json_t* value) {
    const int code = bind_value(statement, index, value);
    if (code == SQLITE_OK) return {};
    const std::string name = name_of(statement, index);
    if (code == SQLITE_TOOBIG) return invalid("the value of " + name + " is too large");
    return invalid("the value of " + name + " is no text, number, true, false, null or {\"base64\": …}");
}

}  // namespace

json_t* column_value(sqlite3_stmt* statement, int column, LargeIntegers large) {
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
            return integer_value(sqlite3_column_int64(statement, column), large);
        case SQLITE_FLOAT:
            return real_value(sqlite3_column_double(statement, column));
        case SQLITE_NULL:
            return json_null();
        default:
            break;
    }
    // The pointer first, then its size. An empty blob has none.
    const bool is_text = sqlite3_column_type(statement, column) == SQLITE_TEXT;
    const auto* const bytes = is_text ? reinterpret_cast<const char*>(sqlite3_column_text(statement, column))
                                      : static_cast<const char*>(sqlite3_column_blob(statement, column));
    const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
    if (!bytes && (is_text || size > 0)) return nullptr;
    const std::string_view value(bytes ? bytes : "", size);
    json_t* const text = is_text ? json_stringn(value.data(), value.size()) : nullptr;
    return text ? text : blob_value(value);
}

uint64_t column_size(sqlite3_stmt* statement, int column) {
    const int type = sqlite3_column_type(statement, column);
    const bool sized = type == SQLITE_TEXT || type == SQLITE_BLOB;
    return 8 + (sized ? static_cast<uint64_t>(sqlite3_column_bytes(statement, column)) : 0);
}

Result<void> bind_values(sqlite3_stmt* statement, const json_t* params) {
    const int count = sqlite3_bind_parameter_count(statement);
    if (!params || json_is_array(params)) {
        const size_t given = params ? json_array_size(params) : 0;
        if (given != static_cast<size_t>(count)) {
            return invalid("the statement has " + std::to_string(count) + " placeholders, params " +
                           std::to_string(given) + " values");
        }
        for (int i = 1; i <= count; ++i) {
            auto bound = bind_checked(statement, i, json_array_get(params, static_cast<size_t>(i - 1)));
            if (!bound) return bound;
        }
        return {};
    }
    if (!json_is_object(params)) return invalid("params is an array or an object");
    size_t used = 0;
    for (int i = 1; i <= count; ++i) {
        const std::string name = name_of(statement, i);
        const json_t* const value = json_object_get(params, name.c_str() + 1);
        if (!value) return invalid("params has no value for " + name);
        if (auto bound = bind_checked(statement, i, value); !bound) return bound;
        ++used;
    }
    // One value may serve :a and @a.
    if (used < json_object_size(params)) return invalid("params has values without a placeholder");
    return {};
}

}  // namespace marmoset::sqlrpc
