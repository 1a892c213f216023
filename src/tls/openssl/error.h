// What OpenSSL says went wrong, as text. In: its error queue. Out: one line for people.
#pragma once

#include <string>

namespace marmoset::tls::openssl {

/// The first error of this thread's queue, "no shared cipher"; empties the queue. `otherwise`: when there is
/// none.
std::string take_error(const char* otherwise = "unknown error");

}  // namespace marmoset::tls::openssl
