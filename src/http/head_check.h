// What a request head must look like before llhttp sees it. llhttp's strict mode still accepts folded lines,
// bare LF, empty names, HTTP/0.9 with headers and more: each of them a way to make two servers read one
// request differently (request smuggling, RFC 9112 11.2). Pure: bytes in, verdict out.
#pragma once

#include <cstddef>
#include <string_view>

namespace marmoset::http {

/// The request line (RFC 9112 3), split.
struct RequestLine {
    std::string_view method;
    std::string_view target;
    std::string_view version;  ///< "HTTP/1.1"; empty: a simple request of HTTP/0.9
};

/// Judges the beginning of a request line, or all of it, without CR and LF: what it refuses no further byte
/// can mend. 0, or the status: 400 no token, 414 longer than any good line, 501 a method longer than any
/// known one (RFC 9112 3).
unsigned check_line_start(std::string_view start, size_t max_target);

/// Splits and checks the line without its CRLF. 0, or the status: 400 malformed, 414 target longer than
/// `max_target`, 501 method unknown, 505 major version.
unsigned parse_request_line(std::string_view line, size_t max_target, RequestLine& out);

/// Checks the lines after the request line, up to and with the empty line. 0, or 400 (bare CR or LF, folding,
/// white space around the name, empty name, control characters), 431 (more than `max_headers`).
unsigned check_header_lines(std::string_view lines, size_t max_headers);

/// Position behind the "\r\n\r\n" that ends the head, 0 if it is not there yet. `from`: where new bytes
/// begin, what lies before was looked at already.
size_t find_head_end(std::string_view bytes, size_t from);

}  // namespace marmoset::http
