// RFC 9112 3.2 and RFC 3986: the request target. Splits it, decodes the path once, removes dot segments,
// refuses what no file or route may be named by. Pure.
#pragma once

#include <string>
#include <string_view>

namespace marmoset::http {

enum class TargetForm { Origin, Absolute, Authority, Asterisk };

struct Target {
    TargetForm form = TargetForm::Origin;
    std::string_view authority;  ///< absolute-form: host[:port], replaces Host (RFC 9112 3.2.2)
    std::string_view raw_path;   ///< undecoded, begins with '/' ("*" for asterisk-form)
    std::string_view query;      ///< undecoded, without '?'
    bool has_query = false;
};

/// Splits a request-line's target. Returns 0, or the status to refuse it with (400: a fragment, a space, a
/// control or non-ASCII byte, a malformed percent escape, authority-form outside CONNECT, asterisk-form
/// outside OPTIONS).
unsigned parse_target(std::string_view target, std::string_view method, Target& out);

/// Decodes `raw_path` once into `out`: percent escapes, "//" collapsed, "." and ".." segments removed
/// (RFC 3986 5.2.4). Returns 0, or 400: an escape that decodes to NUL, '/' or '\\' is refused
/// (a decoded separator would change the structure of the path), so is a bare '\\' or NUL, ".." above the
/// root.
unsigned decode_path(std::string_view raw_path, std::string& out);

/// Percent-decodes a query or form component, '+' as space; false on a malformed escape.
bool decode_component(std::string_view text, std::string& out);

/// RFC 9110 7.2: host [":" port], no user information, IPv6 in brackets. Empty is legal only where Host may
/// be empty (it is refused).
bool is_valid_host(std::string_view host);

}  // namespace marmoset::http
