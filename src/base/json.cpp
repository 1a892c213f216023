// The owned JSON document and the reader of members. In: text, jansson values. Out: checked C++ values.
#include "base/json.h"

namespace marmoset {

namespace {

// jansson recurses once a level and has no bound of its own that a caller could choose.
bool nested_deeper_than(Bytes text, unsigned max_depth) {
    unsigned depth = 0;
    bool quoted = false;
    for (size_t at = 0; at < text.size(); ++at) {
        const uint8_t c = text[at];
        if (quoted) {
            if (c == '\\') ++at;
            if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max_depth) return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return false;
}

}  // namespace

Result<Json> Json::parse(Bytes text, unsigned max_depth, Members members) {
    if (nested_deeper_than(text, max_depth)) {
        return Error{"JSON nested more than " + std::to_string(max_depth) + " deep"};
    }
    json_error_t error;
    const size_t flags = JSON_ALLOW_NUL | (members == Members::Unique ? JSON_REJECT_DUPLICATES : 0);
    Json value(json_loadb(reinterpret_cast<const char*>(text.data()), text.size(), flags, &error));
    if (!value) return Error{"JSON at byte " + std::to_string(error.position) + ": " + error.text};
    return value;
}

JsonMembers::JsonMembers(const json_t* object, const char* where) : object_(object), where_(where) {
    if (!json_is_object(object)) error_ = std::string(where) + " is not an object";
}

const json_t* JsonMembers::find(const char* key) const {
    const json_t* value = json_object_get(object_, key);
    return json_is_null(value) ? nullptr : value;
}

void JsonMembers::fail(const char* key, const char* what) {
    if (error_.empty()) error_ = std::string(where_) + "." + key + " " + what;
}

void JsonMembers::string(const char* key, std::string& out) {
    const json_t* value = find(key);
    if (!value) return;
    if (!json_is_string(value)) {
        fail(key, "is not a string");
        return;
    }
    out.assign(json_text(value));
}

void JsonMembers::boolean(const char* key, bool& out) {
    const json_t* value = find(key);
    if (!value) return;
    if (!json_is_boolean(value)) {
        fail(key, "is not true or false");
        return;
    }
    out = json_is_true(value);
}

void JsonMembers::number(const char* key, uint64_t& out, uint64_t largest) {
    const json_t* value = find(key);
    if (!value) return;
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || static_cast<uint64_t>(number) > largest) {
        fail(key, "is not a whole number in its range");
        return;
    }
    out = static_cast<uint64_t>(number);
}

const json_t* JsonMembers::object(const char* key) {
    const json_t* value = find(key);
    if (value && !json_is_object(value)) fail(key, "is not an object");
    return json_is_object(value) ? value : nullptr;
}

const json_t* JsonMembers::array(const char* key) {
    const json_t* value = find(key);
    if (value && !json_is_array(value)) fail(key, "is not an array");
    return json_is_array(value) ? value : nullptr;
}

}  // namespace marmoset
