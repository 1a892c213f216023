#include "jsonrpc/named_params.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace marmoset::jsonrpc {

namespace {

bool is_given(const json_t* value) {
    return value != nullptr && !json_is_null(value);
}

}  // namespace

Result<Json> named_params(const json_t* params, std::span<const char* const> names, OtherMembers others) {
    Json object(json_object());
    if (!is_given(params)) return object;
    if (json_is_array(params)) {
        const size_t count = json_array_size(params);
        if (count > names.size() && others == OtherMembers::Refused)
            return Error{"at most " + std::to_string(names.size()) + " params", EINVAL};
        for (size_t i = 0; i < std::min(count, names.size()); ++i) {
            json_t* const value = json_array_get(params, i);
            if (is_given(value)) json_object_set(object.get(), names[i], value);
        }
        return object;
    }
    if (!json_is_object(params)) return Error{"params are an object or an array", EINVAL};
    const char* key = nullptr;
    json_t* value = nullptr;
    json_object_foreach(const_cast<json_t*>(params), key, value) {
        const bool known = std::any_of(names.begin(), names.end(),
                                       [&](const char* name) { return std::strcmp(name, key) == 0; });
        if (!known && others == OtherMembers::Refused)
            return Error{"there is no param «" + std::string(key) + "»", EINVAL};
        if (known && is_given(value)) json_object_set(object.get(), key, value);
    }
    return object;
}

}  // namespace marmoset::jsonrpc
