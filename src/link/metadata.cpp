// HELLO and OPEN. Writing OPEN is part of every handshake, so it appends to a text; reading goes through
// jansson.
#include "link/metadata.h"

#include "base/json.h"
#include "base/json_scanner.h"
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

// Reads the members of OPEN. The first thing that is wrong stays in error().
class OpenReader {
  public:
    explicit OpenReader(Bytes payload) : json_(as_text(payload)) {}

    bool read(OpenMetadata& open) {
        if (json_.peek() != '{') return complain("OPEN", "is not an object");
        json_.begin_object();
        while (json_.next_member(key_)) {
            if (!read_member(open)) return false;
        }
        return json_.at_end();
    }
    std::string error() const {
        return !error_.empty() ? error_ : "OPEN: JSON, broken at byte " + std::to_string(json_.position());
    }

  private:
    bool read_member(OpenMetadata& open) {
        const std::string_view key = key_;
        if (json_.null()) return true;
        if (key == "id") return string("OPEN.id", open.id);
        if (key == "uri") return string("OPEN.uri", open.uri);
        if (key == "path_info") return string("OPEN.path_info", open.path_info);
        if (key == "query") return string("OPEN.query", open.query);
        if (key == "protocols") return protocols(open.protocols);
        if (key == "origin") return string("OPEN.origin", open.origin);
        if (key == "host") return string("OPEN.host", open.host);
        if (key == "user") return string("OPEN.user", open.user);
        if (key == "group") return string("OPEN.group", open.group);
        if (key == "home") return string("OPEN.home", open.home);
        if (key == "auth") return string("OPEN.auth", open.auth);
        if (key == "remote") return endpoint("OPEN.remote", open.remote);
        if (key == "local") return endpoint("OPEN.local", open.local);
        if (key == "tls") return tls(open);
        if (key == "headers") return headers(open.headers);
        if (key == "direct") return boolean("OPEN.direct", open.direct);
        if (key == "extensions") return string("OPEN.extensions", open.extensions);
        return json_.skip();
    }

    bool string(const char* where, std::string& out) {
        return json_.peek() == '"' ? json_.string(out) : complain(where, "is not a string");
    }

    bool boolean(const char* where, bool& out) {
        const char first = json_.peek();
        return first == 't' || first == 'f' ? json_.boolean(out) : complain(where, "is not true or false");
    }

    bool port(const std::string& where, uint16_t& out) {
        uint64_t value = 0;
        if (json_.number(value, 65535)) {
            out = static_cast<uint16_t>(value);
            return true;
        }
        error_ = where + " is not a port";
        return false;
    }

    // An object whose members `read` takes or skips.
    template <typename Read>
    bool object(const char* where, Read read) {
        if (json_.peek() != '{') return complain(where, "is not an object");
        json_.begin_object();
        while (json_.next_member(key_)) {
            if (!json_.null() && !read(std::string_view(key_))) return false;
        }
        return !json_.failed();
    }

    bool endpoint(const std::string& where, OpenMetadata::Endpoint& out) {
        return object(where.c_str(), [&](std::string_view key) {
            if (key == "address") return string((where + ".address").c_str(), out.address);
            return key == "port" ? port(where + ".port", out.port) : json_.skip();
        });
    }

    bool tls(OpenMetadata& open) {
        open.has_tls = true;
        return object("OPEN.tls", [&](std::string_view key) {
            if (key == "version") return string("OPEN.tls.version", open.tls.version);
            if (key == "cipher") return string("OPEN.tls.cipher", open.tls.cipher);
            return key == "subject" ? string("OPEN.tls.subject", open.tls.subject) : json_.skip();
        });
    }

    bool headers(std::vector<std::pair<std::string, std::string>>& out) {
        return object("OPEN.headers", [&](std::string_view key) {
            out.emplace_back(key, std::string());
            return string("OPEN.headers holds a value that", out.back().second);
        });
    }

    bool protocols(std::vector<std::string>& out) {
        if (json_.peek() != '[') return complain("OPEN.protocols", "is not an array");
        json_.begin_array();
        while (json_.next_element()) {
            if (!string("OPEN.protocols holds something that", out.emplace_back())) return false;
        }
        return !json_.failed();
    }

    // A text that is no JSON there is a broken text, whatever was expected.
    bool complain(std::string_view where, const char* what) {
        if (json_.peek() != '\0') error_.append(where).append(" ").append(what);
        return false;
    }

    JsonScanner json_;
    std::string key_;
    std::string error_;
};

void write_rules(JsonWriter& json, const DirectRules& rules) {
    json.key("direct");
    json.begin_object();
    json.member("max_fragments", rules.max_fragments);
    json.member("ping", rules.ping_ms);
    json.member("ping_misses", rules.ping_misses);
    json.member("close_timeout", rules.close_timeout_ms);
    json.member("send_timeout", rules.send_timeout_ms);
    json.member("queue", rules.queue);
    json.member("overflow", rules.drop_published ? "drop" : "close");
    json.member("compression_level", rules.compression_level);
    json.member("compression_threshold", rules.compression_threshold);
    json.end_object();
}

// What is wrong with them; empty: nothing.
std::string read_rules(const json_t* value, DirectRules& rules) {
    constexpr uint64_t kLongest = uint64_t{1} << 40;  // milliseconds
    JsonMembers members(value, "HELLO.direct");
    std::string overflow = "close";
    members.number("max_fragments", rules.max_fragments, UINT32_MAX);
    members.number("ping", rules.ping_ms, kLongest);
    members.number("ping_misses", rules.ping_misses, 100);
    members.number("close_timeout", rules.close_timeout_ms, kLongest);
    members.number("send_timeout", rules.send_timeout_ms, kLongest);
    members.number("queue", rules.queue);
    members.string("overflow", overflow);
    members.number("compression_level", rules.compression_level, 9);
    members.number("compression_threshold", rules.compression_threshold);
    const std::pair<const char*, uint64_t> positive[] = {{"max_fragments", rules.max_fragments},
                                                         {"ping_misses", rules.ping_misses},
                                                         {"close_timeout", rules.close_timeout_ms},
                                                         {"send_timeout", rules.send_timeout_ms},
                                                         {"compression_level", rules.compression_level}};
    for (const auto& [name, number] : positive) {
        if (!members.failed() && number == 0) members.fail(name, "is 0");
    }
    rules.drop_published = overflow == "drop";
    return members.error();
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
    if (hello.direct) write_rules(json, *hello.direct);
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
    if (const json_t* direct = members.object("direct")) {
        hello.direct.emplace();
        const std::string wrong = read_rules(direct, *hello.direct);
        if (!wrong.empty() && !members.failed()) return Error{wrong};
    }
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
    if (fields.direct) json.member("extensions", fields.extensions);
    json.end_object();
}

Result<OpenMetadata> parse_open(Bytes payload) {
    OpenMetadata open;
    OpenReader reader(payload);
    if (!reader.read(open)) return Error{reader.error()};
    return open;
}

}  // namespace marmoset::link
