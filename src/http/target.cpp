// Request targets: split, decoded once, cleaned of dot segments. In: the target as sent. Out: its parts, or a
// status.
#include "http/target.h"

#include <algorithm>

#include "base/authority.h"
#include "base/text.h"

namespace marmoset::http {

namespace {

constexpr unsigned kBadRequest = 400;

/// Value of the escape whose '%' is at `at`, -1 if it is malformed.
int escape_value(std::string_view text, size_t at) {
    if (text.size() - at < 3) return -1;
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Visible ASCII without '#', in front of the query every '%' with its two digits. Browsers leave a '%' of a
/// query that begins no escape as it is; no name is made of it here.
bool is_clean(std::string_view target) {
    bool in_query = false;
    for (size_t i = 0; i < target.size(); ++i) {
        const char c = target[i];
        if (c <= ' ' || c > '~' || c == '#')
            return false;  // a byte above 0x7f fails too, as signed or as unsigned
        in_query = in_query || c == '?';
        if (c == '%' && !in_query && escape_value(target, i) < 0) return false;
    }
    return !target.empty();
}

void split_query(std::string_view text, Target& out) {
    const size_t mark = text.find('?');
    out.raw_path = text.substr(0, mark);
    out.has_query = mark != std::string_view::npos;
    if (out.has_query) out.query = text.substr(mark + 1);
}

bool parse_absolute(std::string_view target, std::string_view method, Target& out) {
    const size_t colon = target.find("://");
    const std::string_view scheme = target.substr(0, colon);
    if (!equal_caseless(scheme, "http") && !equal_caseless(scheme, "https")) return false;
    const std::string_view rest = target.substr(std::min(target.size(), scheme.size() + 3));
    out.form = TargetForm::Absolute;
    out.authority = rest.substr(0, rest.find_first_of("/?"));
    if (!is_valid_host(out.authority)) return false;
    split_query(rest.substr(out.authority.size()), out);
    if (!out.raw_path.empty()) return true;
    out.raw_path = "/";
    // RFC 9112 3.2.4: OPTIONS on an absolute URI without path and query is OPTIONS on "*".
    if (method == "OPTIONS" && !out.has_query) {
        out.form = TargetForm::Asterisk;
        out.raw_path = "*";
    }
    return true;
}

}  // namespace

unsigned parse_target(std::string_view target, std::string_view method, Target& out) {
    out = {};
    if (!is_clean(target)) return kBadRequest;
    if (method == "CONNECT") {
        // RFC 9112 3.2.3: host and port, nothing else, and the port is no option.
        Authority authority;
        if (!parse_authority(target, authority) || !authority.port) return kBadRequest;
        out.form = TargetForm::Authority;
        out.authority = target;
        return 0;
    }
    if (target.front() == '/') {
        split_query(target, out);
        return 0;
    }
    if (target == "*") {
        if (method != "OPTIONS") return kBadRequest;
        out.form = TargetForm::Asterisk;
        out.raw_path = target;
        return 0;
    }
    return parse_absolute(target, method, out) ? 0 : kBadRequest;
}

unsigned decode_path(std::string_view raw_path, std::string& out) {
    if (!raw_path.starts_with('/')) return kBadRequest;
    out.resize(raw_path.size());  // decoding never makes a path longer
    char* const root = out.data();
    char* write = root;
    *write++ = '/';
    // Every turn begins behind a '/' of the output, so an empty segment adds nothing.
    for (size_t at = 1; at < raw_path.size(); ++at) {
        char* const segment = write;
        for (; at < raw_path.size() && raw_path[at] != '/'; ++at) {
            char c = raw_path[at];
            if (c == '%') {
                const int value = escape_value(raw_path, at);
                if (value < 0) return kBadRequest;
                c = static_cast<char>(value);
                at += 2;
            }
            if (c == '/' || c == '\\' || c == '\0') return kBadRequest;
            *write++ = c;
        }
        // Judged after decoding: '.' is unreserved, "%2e" means the same (RFC 3986 6.2.2.2).
        const std::string_view name(segment, static_cast<size_t>(write - segment));
        if (name == ".") {
            write = segment;
        } else if (name == "..") {
            if (segment == root + 1) return kBadRequest;
            write = segment - 1;
            while (write[-1] != '/')
                --write;
        } else if (!name.empty() && at < raw_path.size()) {
            *write++ = '/';
        }
    }
    out.resize(static_cast<size_t>(write - root));
    return 0;
}

bool decode_component(std::string_view text, std::string& out) {
    out.clear();
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            const int value = escape_value(text, i);
            if (value < 0) return false;
            out.push_back(static_cast<char>(value));
            i += 2;
        } else {
            out.push_back(text[i] == '+' ? ' ' : text[i]);
        }
    }
    return true;
}

bool is_valid_host(std::string_view host) {
    Authority authority;
    return parse_authority(host, authority);
}

}  // namespace marmoset::http
