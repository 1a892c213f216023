// Verdicts on the opening handshake. In: header values. Out: a status with its reason, an accept value, yes
// or no.
#include "websocket/handshake.h"

#include <algorithm>

#include "base/authority.h"
#include "base/base64.h"
#include "base/digest.h"
#include "base/text.h"

namespace marmoset::websocket {

namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3

/// An Origin, or a configured one: scheme "://" host [":" port] (RFC 6454 6.2).
struct Origin {
    std::string_view scheme;
    std::string_view host;
    unsigned port = 0;  ///< the scheme's default filled in; 0: the scheme has none
};

unsigned default_port(std::string_view scheme) {
    if (equal_caseless(scheme, "http") || equal_caseless(scheme, "ws")) return 80;
    if (equal_caseless(scheme, "https") || equal_caseless(scheme, "wss")) return 443;
    return 0;
}

bool is_scheme(std::string_view text) {
    const auto is_letter = [](char c) { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; };
    return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    });
}

/// False for anything with user information, a path, a space or an empty host or port: no browser sends that,
/// and a lenient reading is how "https://good.example@evil.example" gets in.
bool parse_origin(std::string_view text, Origin& out) {
    const size_t colon = text.find("://");
    if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) return false;
    const std::string_view rest = text.substr(colon + 3);
    Authority authority;
    if (rest.ends_with(':') || !parse_authority(rest, authority)) return false;
    out.scheme = text.substr(0, colon);
    out.host = authority.host;
    out.port = authority.port ? *authority.port : default_port(out.scheme);
    return true;
}

/// `pattern`: a host, or "*." and a domain, which takes every name below the domain but not the domain
/// itself.
bool host_matches(std::string_view pattern, std::string_view host) {
    if (!pattern.starts_with("*.")) return equal_hosts(pattern, host);
    const std::string_view suffix = pattern.substr(1);
    return host.size() > suffix.size() && equal_caseless(host.substr(host.size() - suffix.size()), suffix);
}

bool is_same_origin(const Origin& origin, std::string_view host_header, bool tls) {
    Authority host;
    // Who stands between browser and server can make pages of http://host:port, whatever speaks TLS there.
    // Without TLS here something in front of us may do it.
    if (tls && !equal_caseless(origin.scheme, "https") && !equal_caseless(origin.scheme, "wss")) return false;
    if (default_port(origin.scheme) == 0 || !parse_authority(host_header, host)) return false;
    const unsigned port = host.port ? *host.port : tls ? 443 : 80;
    return port == origin.port && equal_hosts(host.host, origin.host);
}

bool is_listed(std::string_view element, const Origin& origin) {
    Origin full;
    if (parse_origin(element, full)) {
        return equal_caseless(full.scheme, origin.scheme) && full.port == origin.port &&
               host_matches(full.host, origin.host);
    }
    Authority host;
    return parse_authority(element, host) && (!host.port || *host.port == origin.port) &&
           host_matches(host.host, origin.host);
}

/// RFC 6455 9.1: a token, or a quoted string that is one when it is unescaped.
bool is_extension_value(std::string_view value) {
    if (value.size() < 2 || !value.starts_with('"') || !value.ends_with('"')) return is_token(value);
    value = value.substr(1, value.size() - 2);
    std::string text;
    for (size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        text += value[i];
    }
    return is_token(text);
}

bool is_extension_parameter(std::string_view parameter) {
    const size_t equals = parameter.find('=');
    if (!is_token(trim(parameter.substr(0, equals)))) return false;
    return equals == std::string_view::npos || is_extension_value(trim(parameter.substr(equals + 1)));
}

}  // namespace

bool wants_websocket(std::string_view upgrade, std::string_view connection) {
    return list_contains(upgrade, "websocket") && list_contains(connection, "upgrade");
}

HandshakeVerdict check_handshake(const HandshakeRequest& request) {
    if (request.method != "GET") return {405, "a websocket handshake is a GET"};
    if (request.minor_version < 1) return {400, "a websocket handshake needs HTTP/1.1"};
    if (!wants_websocket(request.upgrade, request.connection))
        return {400, "Upgrade or Connection is missing"};
    Authority host;
    if (!parse_authority(request.host, host)) return {400, "Host is missing or malformed"};
    // The version goes before the key: another version may have other rules for it (RFC 6455 4.4).
    if (request.version_count > 1) return {400, "more than one Sec-WebSocket-Version"};
    if (request.version != "13") return {426, "the websocket version is not 13"};
    if (request.key_count > 1) return {400, "more than one Sec-WebSocket-Key"};
    if (request.key_count == 0) return {400, "Sec-WebSocket-Key is missing"};
    if (!is_valid_key(request.key)) return {400, "Sec-WebSocket-Key is not base64 of 16 bytes"};
    if (!request.protocols.empty()) {
        std::vector<std::string_view> tokens;
        if (!parse_protocols(request.protocols, tokens)) return {400, "Sec-WebSocket-Protocol is malformed"};
    }
    if (!is_valid_extension_list(request.extensions)) return {400, "Sec-WebSocket-Extensions is malformed"};
    // A body would be read as frames, or the frames as a body.
    if (request.has_body) return {400, "a websocket handshake has no body"};
    return {};
}

std::string accept_value(std::string_view key) {
    std::string text;
    text.reserve(key.size() + kGuid.size());
    text.append(key).append(kGuid);
    return base64_encode(sha1(as_bytes(text)));
}

bool is_valid_key(std::string_view key) {
    // 16 bytes are 22 characters and "==". The four unused bits of the 22nd are not looked at (RFC 4648 3.5).
    return key.size() == 24 && key.ends_with("==") &&
           std::all_of(key.begin(), key.begin() + 22, is_base64_character);
}

bool parse_protocols(std::string_view header, std::vector<std::string_view>& tokens) {
    tokens.clear();
    while (auto token = next_list_element(header)) {
        if (!is_token(*token)) return false;
        tokens.push_back(*token);
    }
    if (tokens.size() < 2) return true;
    // Sorted, because a header block holds thousands of short tokens: comparing each with each would be slow.
    std::vector<std::string_view> sorted = tokens;
    std::sort(sorted.begin(), sorted.end());
    return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

bool is_valid_extension_list(std::string_view header) {
    while (const auto extension = next_list_element(header)) {
        const size_t name_end = extension->find(';');
        if (!is_token(trim(extension->substr(0, name_end)))) return false;
        // No token holds a ';', so one inside quotes makes two malformed parameters.
        for (size_t at = name_end; at != std::string_view::npos;) {
            const size_t end = extension->find(';', at + 1);
            if (!is_extension_parameter(trim(extension->substr(at + 1, end - at - 1)))) return false;
            at = end;
        }
    }
    return true;
}

bool origin_permitted(std::string_view policy, std::string_view origin, std::string_view host, bool tls) {
    if (origin.empty()) return true;
    Origin parsed;
    const bool opaque = origin == "null";
    const bool valid = !opaque && parse_origin(origin, parsed);
    while (auto element = next_list_element(policy)) {
        if (*element == "*") return true;
        if (opaque && *element == "null") return true;
        if (!valid || *element == "null") continue;
        if (*element == "same" ? is_same_origin(parsed, host, tls) : is_listed(*element, parsed)) return true;
    }
    return false;
}

}  // namespace marmoset::websocket
