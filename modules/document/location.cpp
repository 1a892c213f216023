// Percent-encoding of paths (RFC 3986 3.3). In: a decoded path. Out: a reference.
#include "location.h"

namespace marmoset::document {

namespace {

constexpr bool stays(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return std::string_view("-._~!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

}  // namespace

std::string folder_location(std::string_view path, bool has_query, std::string_view query) {
    constexpr char digits[] = "0123456789ABCDEF";
    while (path.starts_with('/'))
        path.remove_prefix(1);
    std::string location = "/";
    for (char c : path) {
        if (stays(c)) {
            location += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        location += '%';
        location += digits[byte >> 4];
        location += digits[byte & 15];
    }
    if (!location.ends_with('/')) location += '/';
    if (has_query) location.append("?").append(query);
    return location;
}

}  // namespace marmoset::document
