// One parsed request head. Views point into the bytes it was parsed from; retain() makes the request own
// them.
#pragma once

#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/target.h"

namespace marmoset::http {

enum class Method : uint8_t { Get, Head, Post, Put, Delete, Options, Patch, Trace, Connect, Other };

/// RFC 9110 9.1: methods compare with case.
Method parse_method(std::string_view name);

struct Header {
    std::string_view name;
    std::string_view value;  ///< without surrounding white space
};

class Request {
  public:
    Method method = Method::Other;
    std::string_view method_name;
    std::string_view raw_target;  ///< as sent: for logs
    Target target;                ///< its parts, undecoded
    std::string path;             ///< decoded once, normalised (decode_path); "*" for OPTIONS *
    uint8_t minor_version = 1;    ///< HTTP/1.x
    bool http09 = false;          ///< HTTP/0.9: no headers either way
    std::string_view host;        ///< effective: the absolute target's authority, else Host
    std::vector<Header> headers;

    // Framing and connection, as RFC 9112 6 and 9.3 decide.
    bool keep_alive = true;
    bool chunked = false;
    bool expects_continue = false;
    bool has_upgrade = false;  ///< Connection lists "upgrade" and there is an Upgrade field
    std::optional<uint64_t> content_length;
    bool has_body() const { return chunked || content_length.value_or(0) > 0; }

    /// Value of the first field of that name (any case), empty if there is none. `found` tells absent from
    /// empty.
    std::string_view header(std::string_view name, bool* found = nullptr) const;
    /// Number of fields of that name.
    unsigned count(std::string_view name) const;
    /// All values of that name joined with ", " (RFC 9110 5.3).
    std::string joined(std::string_view name) const;

    /// Puts `value` in the place of all fields of that name; an empty one removes them. For credentials that
    /// the modules behind shall not see.
    void replace(std::string_view name, std::string value);

    /// Forgets everything but the memory it may use again.
    void clear();
    /// Bytes the views point into; set by the parser.
    std::string_view head;
    /// Copies the head, so that the request outlives the read buffer; all views move to the copy.
    void retain();
    bool retained() const { return !copy_.empty(); }

  private:
    std::string copy_;
    std::forward_list<std::string> replacements_;  // values that are not in the head
};

}  // namespace marmoset::http
