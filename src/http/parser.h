// llhttp to Request, and the end of its body. In: a complete head in one piece, then the body's bytes as they
// come. Out: a checked Request, body pieces, or the status to refuse with.
#pragma once

#include <llhttp.h>

#include <string_view>

#include "base/bytes.h"
#include "http/chunked.h"
#include "http/request.h"
#include "http/service.h"

namespace marmoset::http {

/// Parser of one connection: the state of the body being read lives here.
class Parser {
  public:
    Parser();

    /// Parses `head`, which ends with the empty line (or is one line of HTTP/0.9), into `request`. 0, or the
    /// status to refuse with; `reason` then says why, for the log.
    unsigned parse_head(std::string_view head, const Limits& limits, Request& request, const char*& reason);

    /// Result of feeding body bytes.
    struct Body {
        size_t used = 0;  ///< bytes of the input that belong to this request
        bool complete = false;
        unsigned status = 0;  ///< 400 bad framing, 413 over the limit, 431 too much framing
    };
    /// Feeds body bytes, of which framing (chunk extensions, trailers) may take `framing_limit`;
    /// `on_piece(context, piece)` is called for each piece of content.
    Body feed_body(Bytes data, uint64_t limit, size_t framing_limit, void (*on_piece)(void*, Bytes),
                   void* context);

    /// True from parse_head until the body's last byte was fed.
    bool in_body() const { return in_body_; }

  private:
    static int on_header_field(llhttp_t* parser, const char* at, size_t size);
    static int on_header_value(llhttp_t* parser, const char* at, size_t size);
    static int on_header_value_complete(llhttp_t* parser);
    static int on_headers_complete(llhttp_t* parser);
    static const llhttp_settings_t& settings();

    llhttp_errno_t read_headers(std::string_view head, size_t line_end);
    unsigned check_transfer_encoding(Request& request, const char*& reason) const;
    unsigned check_framing(Request& request, const char*& reason);
    unsigned check_host(Request& request, const char*& reason);

    llhttp_t parser_;
    Request* request_ = nullptr;  // during parse_head
    bool in_body_ = false;
    bool chunked_ = false;
    uint64_t left_ = 0;  // of a body with Content-Length
    ChunkedDecoder chunks_;
};

}  // namespace marmoset::http
