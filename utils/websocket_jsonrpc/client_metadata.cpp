// A client's metadata between server and worker process. In: ClientInfo, JSON. Out: JSON, the library
// interface's struct.
#include "client_metadata.h"

#include "base/json.h"
#include "request.h"

namespace jsonrpc {

using marmoset::Json;

std::string encode_metadata(const websocket_server::ClientInfo& info) {
    const Json object(json_object());
    // C strings in the end: one that holds a NUL must not become another, so it is left out.
    const auto put = [&object](const char* name, const std::string& value) {
        if (!value.empty() && value.find('\0') == std::string::npos)
            json_object_set_new(object.get(), name, json_stringn(value.data(), value.size()));
    };
    put("id", info.id);
    put("user", info.user);
    put("group", info.group);
    put("home", info.home);
    put("auth", info.auth);
    put("remote_address", info.remote_address);
    put("origin", info.origin);
    put("host", info.host);
    put("path_info", info.path_info);
    put("query", info.query);
    put("tls_client_subject", info.tls_client_subject);
    json_object_set_new(object.get(), "remote_port", json_integer(info.remote_port));
    json_object_set_new(object.get(), "tls", json_boolean(info.tls));
    json_object_set_new(object.get(), "metadata", json_boolean(!info.stream));
    return dump(object.get());
}

ClientMetadata::ClientMetadata(uint64_t number, std::string_view text) {
    const Json object(json_loadb(text.data(), text.size(), 0, nullptr));
    const auto get = [&](const char* name) {
        const json_t* const value = json_object_get(object.get(), name);
        return strings_.emplace_back(value ? std::string(marmoset::json_text(value)) : "").c_str();
    };
    client_.number = number;
    client_.id = get("id");
    client_.user = get("user");
    client_.group = get("group");
    client_.home = get("home");
    client_.auth = get("auth");
    client_.remote_address = get("remote_address");
    client_.origin = get("origin");
    client_.host = get("host");
    client_.path_info = get("path_info");
    client_.query = get("query");
    client_.tls_client_subject = get("tls_client_subject");
    client_.remote_port =
        static_cast<uint16_t>(json_integer_value(json_object_get(object.get(), "remote_port")));
    client_.tls = json_is_true(json_object_get(object.get(), "tls")) ? 1 : 0;
    client_.metadata = json_is_true(json_object_get(object.get(), "metadata")) ? 1 : 0;
}

}  // namespace jsonrpc
