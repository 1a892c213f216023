// The head of a response, for those who are the client (RFC 9112 4, 5). In: a complete head in one piece.
// Out: status and fields, as views into it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace marmoset::http {

struct ResponseHead {
    unsigned status = 0;
    unsigned minor_version = 1;  ///< of HTTP/1.x
    std::string_view reason;     ///< the phrase behind the status; may be empty
    std::vector<Header> headers;

    /// Number of fields of that name (any case).
    unsigned count(std::string_view name) const;
    /// All values of that name joined with ", " (RFC 9110 5.3); empty if there is none.
    std::string joined(std::string_view name) const;
};

/// Parses `head`, which ends with the empty line (find_head_end()), as strictly as a request's: no folding,
/// no bare line ends. nullptr, or what is wrong with it. `out` holds views into `head`.
const char* parse_response_head(std::string_view head, size_t max_headers, ResponseHead& out);

}  // namespace marmoset::http
