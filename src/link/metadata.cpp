// HELLO and OPEN. Writing OPEN is part of every handshake, so it appends to a text; reading goes through
// jansson.
#include "link/metadata.h"

#include "base/json.h"
#include "base/json_writer.h"

namespace marmoset::link {

namespace {

void write_endpoint(JsonWriter& json, std::string_view name, const OpenFields::Endpoint& endpoint) {
    json.key(name);
    json.begin_object();
    json.member("address", endpoint.address);
    json.member("port", endpoint.port);
    json.end_object();
}

std::string read_endpoint(const json_t* object, const char* where, OpenMetadata::Endpoint& out) {
    if (!object) return {};
    JsonMembers members(object, where);
    members.string("address", out.address);
    members.number("port", out.port, 65535);
    return members.error();
}

std::string read_tls(const json_t* object, OpenMetadata& out) {
    if (!object) return {};
    out.has_tls = true;
    JsonMembers members(object, "OPEN.tls");
    members.string("version", out.tls.version);
    members.string("cipher", out.tls.cipher);
    members.string("subject", out.tls.subject);
    return members.error();
}

void read_protocols(JsonMembers& members, std::vector<std::string>& out) {
    const json_t* list = members.array("protocols");
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* value = json_array_get(list, i);
        if (!json_is_string(value)) {
            members.fail("protocols", "holds something that is not a string");
            return;
        }
        out.emplace_back(json_text(value));
    }
}

void read_headers(JsonMembers& members, std::vector<std::pair<std::string, std::string>>& out) {
    auto* object =
        const_cast<json_t*>(members.object("headers"));  // jansson's iterators want it so, and change nothing
    for (void* at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const json_t* value = json_object_iter_value(at);
        if (!json_is_string(value)) {
            members.fail("headers", "holds a value that is not a string");
            return;
        }
        out.emplace_back(json_object_iter_key(at), json_text(value));
    }
}

}  // namespace

void append_hello(std::string& out, const Hello& hello) {
    JsonWriter json(out);
    json.begin_object();
    json.member("version", hello.version);
    json.member("software", hello.software);
    json.member("pid", hello.pid);
    json.member("window", hello.window);
    json.member("max_message", hello.max_message);
    json.end_object();
}

Result<Hello> parse_hello(Bytes payload) {
    auto json = Json::parse(payload);
    if (!json) return Error{"HELLO: " + json.error().text};
    Hello hello;
    hello.version = 0;
    hello.window = 0;
    JsonMembers members(json->get(), "HELLO");
    members.number("version", hello.version, UINT32_MAX);
    // Judged first: what else a HELLO of another version holds is not ours to know.
    if (!members.failed() && hello.version != kLinkVersion) {
        return Error{"HELLO.version " + std::to_string(hello.version) + " is not known, only " +
                     std::to_string(kLinkVersion)};
    }
    members.string("software", hello.software);
    members.number("pid", hello.pid);
    members.number("window", hello.window);
    members.number("max_message", hello.max_message);
    if (!members.failed() && hello.window < kSmallestWindow) members.fail("window", "is missing or below 64");
    if (!members.failed() && hello.max_message == 0) members.fail("max_message", "is missing or 0");
    if (members.failed()) return Error{members.error()};
    return hello;
}

void append_open(std::string& out, const OpenFields& fields) {
    JsonWriter json(out);
    json.begin_object();
    json.member("id", fields.id);
    json.member("uri", fields.uri);
    json.member("path_info", fields.path_info);
    json.member("query", fields.query);
    json.key("protocols");
    json.begin_array();
    for (const std::string_view protocol : fields.protocols)
        json.string(protocol);
    json.end_array();
    json.member("origin", fields.origin);
    json.member("host", fields.host);
    json.member("user", fields.user);
    json.member("group", fields.group);
    json.member("home", fields.home);
    json.member("auth", fields.auth);
    write_endpoint(json, "remote", fields.remote);
    write_endpoint(json, "local", fields.local);
    json.key("tls");
    if (fields.tls) {
        json.begin_object();
        json.member("version", fields.tls->version);
        json.member("cipher", fields.tls->cipher);
        json.member("subject", fields.tls->subject);
        json.end_object();
    } else {
        json.null();
    }
    json.key("headers");
    json.begin_object();
    for (const auto& [name, value] : fields.headers)
        json.member(name, value);
    json.end_object();
    json.key("direct");
    json.boolean(fields.direct);
    json.end_object();
}

Result<OpenMetadata> parse_open(Bytes payload) {
    auto json = Json::parse(payload);
    if (!json) return Error{"OPEN: " + json.error().text};
    OpenMetadata open;
    JsonMembers members(json->get(), "OPEN");
    members.string("id", open.id);
    members.string("uri", open.uri);
    members.string("path_info", open.path_info);
    members.string("query", open.query);
    read_protocols(members, open.protocols);
    members.string("origin", open.origin);
    members.string("host", open.host);
    members.string("user", open.user);
    members.string("group", open.group);
    members.string("home", open.home);
    members.string("auth", open.auth);
    members.boolean("direct", open.direct);
    read_headers(members, open.headers);
    std::string inner = read_endpoint(members.object("remote"), "OPEN.remote", open.remote);
    if (inner.empty()) inner = read_endpoint(members.object("local"), "OPEN.local", open.local);
    if (inner.empty()) inner = read_tls(members.object("tls"), open);
    if (members.failed()) return Error{members.error()};
    if (!inner.empty()) return Error{inner};
    return open;
}

}  // namespace marmoset::link
