// HTTP where TLS was expected: a browser that was given http:// instead of https://. In: the first bytes of a
// client. Out: whether they are HTTP, and what it is told in the clear.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace marmoset::tls {

/// Handshake messages begin with 0x16, requests with a method. `first` is not empty.
bool is_plain_http(Bytes first);

/// A whole response, 400; without a body for HEAD.
std::string_view plain_http_answer(Bytes first);

}  // namespace marmoset::tls
