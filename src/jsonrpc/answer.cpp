#include "jsonrpc/answer.h"

namespace marmoset::jsonrpc {

Answer refusal_as_result(const Refusal& refusal) {
    Json value(json_object());
    if (refusal.more) json_object_update(value.get(), refusal.more.get());
    json_object_set_new(value.get(), "code", json_integer(refusal.code));
    json_object_set_new(value.get(), "message", json_text_of(refusal.text));
    json_object_set_new(value.get(), "data", json_text_of(refusal.text));
    return {std::move(value), false};
}

Answer refusal_as_error(const Refusal& refusal) {
    Json value(json_object());
    json_object_set_new(value.get(), "code", json_integer(refusal.code));
    json_object_set_new(value.get(), "message", json_text_of(refusal.text));
    if (refusal.more) json_object_set(value.get(), "data", refusal.more.get());
    return {std::move(value), true};
}

Answer message(const char* text) {
    Json value(json_object());
    json_object_set_new(value.get(), "message", json_string(text));
    return {std::move(value), false};
}

json_t* json_text_of(std::string_view text) {
    if (json_t* value = json_stringn(text.data(), text.size())) return value;
    std::string clean;
    for (const char c : text)
        clean += static_cast<unsigned char>(c) < 0x80 ? c : '?';
    return json_stringn(clean.data(), clean.size());
}

}  // namespace marmoset::jsonrpc
