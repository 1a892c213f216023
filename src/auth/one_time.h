// Random texts that prove something by being known: nonces, tickets, session numbers, PKCE verifiers. In: the
// kernel's generator. Out: base64url, fit for URLs, cookies and subprotocols. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace marmoset::auth {

constexpr size_t kOneTimeBytes = 24;  ///< 192 bits: 32 characters

/// base64url of `bytes` random bytes (at least 16).
std::string random_text(size_t bytes = kOneTimeBytes);

/// What to keep of such a text: its SHA-256, base64url. Whoever reads the table can't use it, and looking it
/// up tells nothing by its duration.
std::string fingerprint(std::string_view text);

}  // namespace marmoset::auth
