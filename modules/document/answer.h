// Turns a file into a response: preconditions, encoding, ranges. In: an exchange and what is known of its
// path. Out: the response, complete.
#pragma once

#include <cstdint>

#include "http/exchange.h"
#include "resource.h"

namespace marmoset::document {

/// Methods of files, as Allow lists them.
inline constexpr std::string_view kAllowedMethods = "GET, HEAD, OPTIONS";

/// The part of a response's body that will be sent from a descriptor, if any.
struct FileBody {
    File* file = nullptr;
    uint64_t offset = 0;
    uint64_t size = 0;
};
/// Answers GET or HEAD with a Resource of Kind::File; never Next or Wait. `now`: seconds. Tells in `body`
/// what the kernel will have to read (of several ranges the first).
http::Verdict answer_file(http::Exchange& exchange, const Resource& resource, int64_t now, FileBody& body);

}  // namespace marmoset::document
