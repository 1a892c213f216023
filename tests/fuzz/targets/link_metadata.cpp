// HELLO and OPEN. In: JSON. The scanner against jansson: what it takes, and what OPEN says. And the way back:
// fields made of the input's lines, written and read again.
#include <jansson.h>

#include <algorithm>

#include "base/json_scanner.h"
#include "link/metadata.h"
#include "tests/fuzz/support/fuzz.h"
#include "websocket/utf8.h"

namespace marmoset::fuzz {
namespace {

using link::OpenMetadata;

/// A document of jansson's, or why there is none.
struct Reference {
    json_t* value = nullptr;
    enum json_error_code code = json_error_unknown;

    Reference(std::string_view text, size_t flags) {
        json_error_t error;
        value = json_loadb(text.data(), text.size(), JSON_ALLOW_NUL | flags, &error);
        if (value == nullptr) code = json_error_code(&error);
    }
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;
    ~Reference() { json_decref(value); }
    /// What jansson refuses and JSON does not: numbers that are too large, keys with a NUL.
    bool refused_for_its_own_reasons() const {
        return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
               code == json_error_null_character;
    }
};

/// How deep arrays and objects lie in one another.
unsigned depth(std::string_view text) {
    unsigned now = 0, most = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && (text[i] == '{' || text[i] == '[')) {
            most = std::max(most, ++now);
        } else if (!quoted && (text[i] == '}' || text[i] == ']')) {
            now -= now > 0 ? 1 : 0;
        }
    }
    return most;
}

std::string string_of(const json_t* value) {
    return {json_string_value(value), json_string_length(value)};
}

/// OPEN as jansson reads it. False: a member is of the wrong type.
bool read_open(const json_t* root, OpenMetadata& open) {
    bool fine = json_is_object(root);
    const auto member = [](const json_t* object, const char* key) -> const json_t* {
        const json_t* value = json_object_get(object, key);
        return json_is_null(value) ? nullptr : value;
    };
    const auto text = [&](const json_t* object, const char* key, std::string& out) {
        const json_t* value = member(object, key);
        if (value == nullptr) return;
        fine = fine && json_is_string(value);
        if (json_is_string(value)) out = string_of(value);
    };
    const auto endpoint = [&](const char* key, OpenMetadata::Endpoint& out) {
        const json_t* value = member(root, key);
        if (value == nullptr) return;
        fine = fine && json_is_object(value);
        text(value, "address", out.address);
        const json_t* port = member(value, "port");
        if (port == nullptr) return;
        fine = fine && json_is_integer(port) && json_integer_value(port) >= 0 &&
               json_integer_value(port) <= 65535;
        out.port = static_cast<uint16_t>(json_integer_value(port));
    };
    text(root, "id", open.id);
    text(root, "uri", open.uri);
    text(root, "path_info", open.path_info);
    text(root, "query", open.query);
    text(root, "origin", open.origin);
    text(root, "host", open.host);
    text(root, "user", open.user);
    text(root, "group", open.group);
    text(root, "home", open.home);
    text(root, "auth", open.auth);
    endpoint("remote", open.remote);
    endpoint("local", open.local);
    if (const json_t* protocols = member(root, "protocols")) {
        fine = fine && json_is_array(protocols);
        size_t index = 0;
        json_t* value = nullptr;
        json_array_foreach(const_cast<json_t*>(protocols), index, value) {
            fine = fine && json_is_string(value);
            if (json_is_string(value)) open.protocols.push_back(string_of(value));
        }
    }
    if (const json_t* tls = member(root, "tls")) {
        fine = fine && json_is_object(tls);
        open.has_tls = true;
        text(tls, "version", open.tls.version);
        text(tls, "cipher", open.tls.cipher);
        text(tls, "subject", open.tls.subject);
    }
    if (const json_t* headers = member(root, "headers")) {
        fine = fine && json_is_object(headers);
        const char* key = nullptr;
        json_t* value = nullptr;
        json_object_foreach(const_cast<json_t*>(headers), key, value) {
            if (json_is_null(value)) continue;
            fine = fine && json_is_string(value);
            if (json_is_string(value)) open.headers.emplace_back(key, string_of(value));
        }
    }
    if (const json_t* direct = member(root, "direct")) {
        fine = fine && json_is_boolean(direct);
        open.direct = json_is_true(direct);
    }
    text(root, "extensions", open.extensions);
    return fine;
}

std::string written(OpenMetadata open) {
    std::sort(open.headers.begin(), open.headers.end());
    std::string out;
    const auto put = [&out](std::string_view text) {
        out.append(std::to_string(text.size())).append(":").append(text).append("\n");
    };
    for (const std::string* text :
         {&open.id, &open.uri, &open.path_info, &open.query, &open.origin, &open.host, &open.user,
          &open.group, &open.home, &open.auth, &open.remote.address, &open.local.address, &open.tls.version,
          &open.tls.cipher, &open.tls.subject, &open.extensions})
        put(*text);
    for (const std::string& protocol : open.protocols)
        put(protocol);
    for (const auto& [name, value] : open.headers)
        put(name), put(value);
    put(std::to_string(open.remote.port) + " " + std::to_string(open.local.port) +
        (open.has_tls ? " tls" : "") + (open.direct ? " direct" : ""));
    return out;
}

void check_scanner(std::string_view text) {
    JsonScanner scanner(text);
    const bool taken = scanner.skip() && scanner.at_end();
    // jansson loses a NUL behind a number.
    if (text.find('\0') != std::string_view::npos) {
        require(!taken, "no NUL is part of JSON");
        return;
    }
    const Reference reference(text, JSON_DECODE_ANY);
    if (reference.refused_for_its_own_reasons() || depth(text) > JsonScanner::kMaxDepth) return;
    require(taken == (reference.value != nullptr), "the scanner takes what jansson takes");
}

void check_open(std::string_view text) {
    const auto open = link::parse_open(as_bytes(text));
    if (text.find('\0') != std::string_view::npos) return;
    const Reference reference(text, JSON_REJECT_DUPLICATES);
    if (reference.refused_for_its_own_reasons() || reference.code == json_error_duplicate_key) return;
    if (depth(text) > JsonScanner::kMaxDepth) return;
    OpenMetadata expected;
    const bool fine = reference.value != nullptr && read_open(reference.value, expected);
    require(static_cast<bool>(open) == fine,
            "OPEN is taken when jansson and the types of its members say so");
    if (fine) require_equal(written(expected), written(*open), "what OPEN says");
}

void check_hello(std::string_view text) {
    const auto hello = link::parse_hello(as_bytes(text));
    if (!hello) return;
    require(hello->version == link::kLinkVersion && hello->window >= link::kSmallestWindow,
            "a HELLO we can live with");
    std::string again;
    link::append_hello(again, *hello);
    const auto back = link::parse_hello(as_bytes(again));
    require(back && back->software == hello->software && back->pid == hello->pid &&
                back->window == hello->window && back->max_message == hello->max_message,
            "HELLO, written and read again");
    std::string third;
    link::append_hello(third, *back);
    require_equal(again, third, "HELLO and all that it says of direct clients, written twice");
}

/// Each byte that belongs to no sequence as U+FFFD, as the writer has it.
std::string sanitised(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        size_t size = std::min<size_t>(4, text.size());
        while (size > 0 && !websocket::is_valid_utf8(as_bytes(text.substr(0, size))))
            --size;
        // The longest valid prefix of four bytes may be several characters; all of them are fine.
        out += size > 0 ? text.substr(0, size) : "\xef\xbf\xbd";
        text.remove_prefix(std::max<size_t>(size, 1));
    }
    return out;
}

void check_written(Fields fields) {
    std::string_view texts[18];
    for (std::string_view& text : texts)
        text = fields.until('\n');
    link::OpenFields open;
    open.id = texts[0], open.uri = texts[1], open.path_info = texts[2], open.query = texts[3];
    open.origin = texts[4], open.host = texts[5], open.user = texts[6], open.group = texts[7];
    open.home = texts[8], open.auth = texts[9];
    open.remote = {texts[10], static_cast<uint16_t>(texts[10].size() * 7919)};
    open.local = {texts[11], static_cast<uint16_t>(texts[11].size() * 104729)};
    const link::OpenFields::Tls tls{texts[12], texts[13], texts[14]};
    if (!texts[12].empty()) open.tls = &tls;
    const std::string_view protocols[] = {texts[15], texts[16]};
    open.protocols = protocols;
    const std::pair<std::string_view, std::string_view> headers[] = {{"name", texts[17]}};
    open.headers = headers;
    open.direct = texts[0].size() % 2 != 0;
    open.extensions = texts[17];
    std::string text;
    link::append_open(text, open);
    const auto read = link::parse_open(as_bytes(text));
    require(static_cast<bool>(read), "OPEN as we write it can be read");
    OpenMetadata expected;
    expected.id = sanitised(open.id), expected.uri = sanitised(open.uri),
    expected.path_info = sanitised(open.path_info);
    expected.query = sanitised(open.query), expected.origin = sanitised(open.origin),
    expected.host = sanitised(open.host);
    expected.user = sanitised(open.user), expected.group = sanitised(open.group),
    expected.home = sanitised(open.home);
    expected.auth = sanitised(open.auth);
    expected.remote = {sanitised(open.remote.address), open.remote.port};
    expected.local = {sanitised(open.local.address), open.local.port};
    expected.has_tls = open.tls != nullptr;
    if (open.tls) expected.tls = {sanitised(tls.version), sanitised(tls.cipher), sanitised(tls.subject)};
    expected.protocols = {sanitised(texts[15]), sanitised(texts[16])};
    expected.headers = {{"name", sanitised(texts[17])}};
    expected.direct = open.direct;
    if (open.direct) expected.extensions = sanitised(open.extensions);
    require_equal(written(expected), written(*read), "OPEN, written and read again");
    check_scanner(text);
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    const auto bytes = exact({data, size});
    const std::string_view text = as_text(bytes);
    check_scanner(text);
    check_open(text);
    check_hello(text);
    check_written(Fields(bytes));
    return 0;
}
