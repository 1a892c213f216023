#include "http/head_check.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "http/request.h"

namespace marmoset::http {

namespace {

constexpr size_t kLongestMethod = 32;    // longer ones are no methods of HTTP
constexpr size_t kBesideTheTarget = 64;  // bytes of a request line: method, version, spaces

}  // namespace

unsigned check_line_start(std::string_view start, size_t max_target) {
    const std::string_view method = start.substr(0, std::min(start.find(' '), kLongestMethod + 1));
    if (!std::all_of(method.begin(), method.end(), is_token_character)) return 400;
    if (method.size() > kLongestMethod) return 501;
    return start.size() > max_target + kBesideTheTarget ? 414 : 0;
}

unsigned parse_request_line(std::string_view line, size_t max_target, RequestLine& out) {
    out = {};
    if (const unsigned status = check_line_start(line, max_target); status != 0) return status;
    const size_t first = line.find(' ');
    if (first == std::string_view::npos || first == 0) return 400;
    out.method = line.substr(0, first);
    const size_t second = line.find(' ', first + 1);
    out.target = line.substr(first + 1, second == std::string_view::npos ? second : second - first - 1);
    if (out.target.empty()) return 400;
    if (out.target.size() > max_target) return 414;
    if (second != std::string_view::npos) {
        // RFC 9112 2.3: "HTTP/" DIGIT "." DIGIT, with case.
        out.version = line.substr(second + 1);
        if (out.version.size() != 8 || !out.version.starts_with("HTTP/") || out.version[6] != '.') return 400;
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        if (!digit(out.version[5]) || !digit(out.version[7])) return 400;
        if (out.version[5] != '1') return 505;
    }
    if (parse_method(out.method) == Method::Other) return 501;
    return 0;
}

unsigned check_header_lines(std::string_view lines, size_t max_headers) {
    size_t count = 0;
    const char* at = lines.data();
    const char* const end = at + lines.size();
    while (at < end) {
        const auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
        if (!newline || newline == at || newline[-1] != '\r') return 400;
        const std::string_view line(at, static_cast<size_t>(newline - 1 - at));
        at = newline + 1;
        if (line.empty()) return at == end ? 0 : 400;
        if (++count > max_headers) return 431;
        size_t colon = 0;
        while (colon < line.size() && is_token_character(line[colon]))
            ++colon;
        // Folding begins with white space, so it fails here, as do "Name :" and ": value".
        if (colon == 0 || colon == line.size() || line[colon] != ':') return 400;
        for (size_t i = colon + 1; i < line.size(); ++i) {
            const auto c = static_cast<unsigned char>(line[i]);
            if ((c < 0x20 && c != '\t') || c == 0x7f) return 400;
        }
    }
    return 400;
}

size_t find_head_end(std::string_view bytes, size_t from) {
    const size_t start = from > 3 ? from - 3 : 0;
    const size_t at = bytes.find("\r\n\r\n", start);
    return at == std::string_view::npos ? 0 : at + 4;
}

}  // namespace marmoset::http
