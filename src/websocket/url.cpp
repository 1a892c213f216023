#include "websocket/url.h"

#include "base/authority.h"
#include "base/base64.h"
#include "base/text.h"

namespace marmoset::websocket {

namespace {

constexpr uint16_t kProxyPort = 8080;
constexpr std::string_view kUnixScheme = "ws+unix://";

Error invalid(std::string_view text, const char* why) {
    return Error{"\"" + std::string(text) + "\": " + why};
}

bool decode_percent(std::string_view text, std::string& out) {
    out.clear();
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (text.size() - i < 3 || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return false;
        out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
        i += 2;
    }
    return true;
}

// What the request line can't carry is escaped; false for what can't be meant.
bool append_target(std::string_view text, std::string& out) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f) return false;
        if (byte < 0x80 && c != '"' && c != '<' && c != '>') {
            out += c;
            continue;
        }
        out += '%';
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return true;
}

// user[:password] "@"; what stands before the last '@' of the authority.
bool take_user(std::string_view& authority, Url& url) {
    const size_t at = authority.rfind('@');
    if (at == std::string_view::npos) return true;
    const std::string_view info = authority.substr(0, at);
    authority = authority.substr(at + 1);
    const size_t colon = info.find(':');
    url.has_user = true;
    return decode_percent(info.substr(0, colon), url.user) &&
           (colon == std::string_view::npos || decode_percent(info.substr(colon + 1), url.password)) &&
           url.user.find(':') == std::string::npos;  // RFC 7617 2: Basic could not tell where it ends
}

const char* take_authority(std::string_view text, uint16_t default_port, Url& url) {
    if (!take_user(text, url)) return "the user information is malformed";
    Authority authority;
    if (!parse_authority(text, authority)) return "no valid host and port";
    std::string_view host = authority.host;
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    if (host.find('%') != std::string_view::npos) return "no valid host and port";
    for (const char c : host)
        url.host += to_lower(c);
    url.port = authority.port.value_or(default_port);
    if (url.port == 0) return "port 0 can't be connected to";
    return nullptr;
}

Result<Url> parse_unix(std::string_view text) {
    Url url;
    const std::string_view rest = text.substr(kUnixScheme.size());
    // The target begins at the last ":/", so that the path itself may hold colons.
    const size_t colon = rest.rfind(":/");
    const std::string_view path = rest.substr(0, colon);
    if (!path.starts_with('/')) return invalid(text, "the socket's path must be absolute");
    if (!decode_percent(path, url.unix_path)) return invalid(text, "malformed percent escape");
    if (url.unix_path.find('\0') != std::string::npos || url.unix_path.size() > 107)
        return invalid(text, "a UNIX socket's path has at most 107 bytes");
    url.host = "localhost";
    url.port = 80;
    if (!append_target(colon == std::string_view::npos ? "/" : rest.substr(colon + 1), url.target))
        return invalid(text, "spaces and control characters must be percent-encoded");
    return url;
}

}  // namespace

std::string Url::authority() const {
    std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (secure ? 443 : 80)) text += ":" + std::to_string(port);
    return text;
}

std::string Url::text() const {
    if (!unix_path.empty()) return std::string(kUnixScheme) + unix_path + ":" + target;
    return (secure ? "wss://" : "ws://") + authority() + target;
}

Result<Url> parse_url(std::string_view text) {
    if (text.find('#') != std::string_view::npos) return invalid(text, "a websocket URL has no fragment");
    const size_t colon = text.find("://");
    if (colon == std::string_view::npos) return invalid(text, "not an absolute URL");
    const std::string_view scheme = text.substr(0, colon);
    if (equal_caseless(scheme, "ws+unix")) return parse_unix(text);
    Url url;
    url.secure = equal_caseless(scheme, "wss") || equal_caseless(scheme, "https");
    if (!url.secure && !equal_caseless(scheme, "ws") && !equal_caseless(scheme, "http"))
        return invalid(text, "the scheme must be ws, wss or ws+unix");
    const std::string_view rest = text.substr(colon + 3);
    const size_t end = rest.find_first_of("/?");
    if (const char* wrong = take_authority(rest.substr(0, end), url.secure ? 443 : 80, url))
        return invalid(text, wrong);
    const std::string_view target = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    if (!target.starts_with('/')) url.target = "/";
    if (!append_target(target, url.target))
        return invalid(text, "spaces and control characters must be percent-encoded");
    return url;
}

Result<Url> parse_proxy_url(std::string_view text) {
    std::string_view rest = text;
    const size_t colon = text.find("://");
    if (colon != std::string_view::npos) {
        if (!equal_caseless(text.substr(0, colon), "http")) return invalid(text, "a proxy's scheme is http");
        rest = text.substr(colon + 3);
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    Url url;
    if (const char* wrong = take_authority(rest, kProxyPort, url)) return invalid(text, wrong);
    url.target = "/";
    return url;
}

std::string basic_credentials(std::string_view user, std::string_view password) {
    std::string text(user);
    text.append(":").append(password);
    return "Basic " + base64_encode(as_bytes(text));
}

}  // namespace marmoset::websocket
