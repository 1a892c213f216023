#include "http/url.h"

#include <algorithm>

#include "base/authority.h"
#include "base/text.h"

namespace marmoset::http {

namespace {

constexpr uint16_t kHttpPort = 80, kHttpsPort = 443;

// Of a query RFC 3986 permits fewer; servers take what they themselves have written.
bool is_target_character(char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\' && c != '#';
}

Error invalid(const char* why) {
    return Error{std::string("a URL that can't be asked: ") + why};
}

}  // namespace

std::string Url::authority() const {
    std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (secure ? kHttpsPort : kHttpPort)) text += ":" + std::to_string(port);
    return text;
}

Result<Url> parse_url(std::string_view text) {
    const size_t colon = text.find("://");
    if (colon == std::string_view::npos) return invalid("it is not absolute");
    Url url;
    url.secure = equal_caseless(text.substr(0, colon), "https");
    if (!url.secure && !equal_caseless(text.substr(0, colon), "http"))
        return invalid("its scheme is neither https nor http");
    const std::string_view rest = text.substr(colon + 3);
    const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    Authority authority;
    if (!parse_authority(rest.substr(0, end), authority)) return invalid("no host and port");
    std::string_view host = authority.host;
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    if (host.find('%') != std::string_view::npos) return invalid("no host and port");
    for (const char c : host)
        url.host += to_lower(c);
    url.port = authority.port.value_or(url.secure ? kHttpsPort : kHttpPort);
    if (url.port == 0) return invalid("port 0");
    const std::string_view target = rest.substr(end);
    if (!std::all_of(target.begin(), target.end(), is_target_character))
        return invalid("a fragment, or a character that has to be escaped");
    if (!target.starts_with('/')) url.target = "/";
    url.target += target;
    return url;
}

}  // namespace marmoset::http
