// Reason phrases and status lines of HTTP/1.1 responses, from status.def.
#pragma once

#include <string_view>

namespace marmoset::http {

/// "Not Found"; "Unknown" for a code that is not in the table.
std::string_view reason_phrase(unsigned status);

/// "HTTP/1.1 404 Not Found\r\n", ready to copy; a code that is not in the table gets the line of 500.
std::string_view status_line(unsigned status);

/// True if a response with this status never has a body (RFC 9110 6.4.1).
inline bool has_no_body(unsigned status) {
    return status < 200 || status == 204 || status == 304;
}

}  // namespace marmoset::http
