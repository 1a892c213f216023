// Request and Response objects of JSON-RPC 2.0. In: jansson values. Out: text.
#include "request.h"

#include <cstdlib>

#include "base/json.h"

namespace jsonrpc {

namespace {

std::string_view message_of(int code) {
    switch (code) {
        case kParseError:
            return "Parse error";
        case kInvalidRequest:
            return "Invalid Request";
        case kMethodNotFound:
            return "Method not found";
        case kInvalidParams:
            return "Invalid params";
        case kInternalError:
            return "Internal error";
        case kTimeout:
            return "Timeout";
        default:
            return "Server error";
    }
}

std::string response(std::string_view id, std::string_view name, std::string_view value) {
    std::string text = R"({"jsonrpc":"2.0","id":)";
    text.reserve(text.size() + id.size() + name.size() + value.size() + 16);
    text.append(id.empty() ? "null" : id).append(",\"").append(name).append("\":").append(value).append("}");
    return text;
}

}  // namespace

std::string dump(const json_t* value) {
    char* const text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text) return {};
    std::string copy = text;
    std::free(text);
    return copy;
}

bool read_request(const json_t* value, Request& request, std::string& error) {
    const auto refuse = [&error](std::string_view why) {
        error = error_object(kInvalidRequest, why);
        return false;
    };
    if (!json_is_object(value)) return refuse("a request is an object");
    const json_t* const id = json_object_get(value, "id");
    if (id) {
        if (!json_is_string(id) && !json_is_number(id) && !json_is_null(id))
            return refuse("\"id\" is a string, a number or null");
        request.id = dump(id);
    }
    const json_t* const version = json_object_get(value, "jsonrpc");
    if (!json_is_string(version) || marmoset::json_text(version) != "2.0")
        return refuse("\"jsonrpc\" is \"2.0\"");
    const json_t* const method = json_object_get(value, "method");
    if (!json_is_string(method)) return refuse("\"method\" is a string");
    request.method = marmoset::json_text(method);
    const json_t* const params = json_object_get(value, "params");
    // null is what some clients send for «none».
    if (params && !json_is_null(params)) {
        if (!json_is_object(params) && !json_is_array(params))
            return refuse("\"params\" is an object or an array");
        request.params = dump(params);
    }
    return true;
}

std::string error_object(int code, std::string_view data) {
    const marmoset::Json error(
        json_pack("{siss%}", "code", code, "message", message_of(code).data(), message_of(code).size()));
    if (!data.empty()) json_object_set_new(error.get(), "data", json_stringn(data.data(), data.size()));
    return dump(error.get());
}

bool is_error_object(const json_t* value) {
    return json_is_integer(json_object_get(value, "code")) &&
           json_is_string(json_object_get(value, "message"));
}

std::string result_response(std::string_view id, std::string_view result) {
    return response(id, "result", result);
}

std::string error_response(std::string_view id, std::string_view error) {
    return response(id, "error", error);
}

}  // namespace jsonrpc
