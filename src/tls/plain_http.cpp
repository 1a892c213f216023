#include "tls/plain_http.h"

namespace marmoset::tls {

namespace {

// RFC 9112 2.2: an empty line may stand before a request.
constexpr std::string_view kAnswer =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 57\r\n"
    "Connection: close\r\n"
    "\r\n"
    "400 This port speaks TLS: use https:// (or wss://) here.\n";
constexpr std::string_view kBody = kAnswer.substr(kAnswer.find("\r\n\r\n") + 4);
static_assert(kBody.size() == 57);

}  // namespace

bool is_plain_http(Bytes first) {
    const uint8_t byte = first.front();
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '\r';
}

std::string_view plain_http_answer(Bytes first) {
    return as_text(first).starts_with("HEAD ") ? kAnswer.substr(0, kAnswer.size() - kBody.size()) : kAnswer;
}

}  // namespace marmoset::tls
