// One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238). In: keys, codes typed by people. Out: right or
// not, and the counter that is used up by it. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace marmoset::auth {

struct TotpSettings {
    DigestAlgorithm algorithm = DigestAlgorithm::Sha1;  ///< what every authenticator knows
    unsigned digits = 6;                                ///< 6 … 8
    unsigned period = 30;                               ///< seconds, not 0
    unsigned window = 1;  ///< periods that a code is taken too early or too late
};

/// The code of a counter, `digits` decimal digits with leading zeros. `key` are raw bytes.
std::string hotp_code(DigestAlgorithm algorithm, std::string_view key, uint64_t counter, unsigned digits);

/// The counter of a time, seconds since 1970.
constexpr uint64_t totp_counter(const TotpSettings& settings, uint64_t now) {
    return now / settings.period;
}

/// The counter whose code this is, if it lies within the window around `now` and after `last_used`: whoever
/// accepts the code remembers that counter for the user, so that no code is good twice (RFC 6238 5.2);
/// atomically where several processes answer. `last_used` 0: none yet. Spaces in `code` are passed over.
/// Constant time.
std::optional<uint64_t> verify_totp(const TotpSettings& settings, std::string_view key, std::string_view code,
                                    uint64_t now, uint64_t last_used);

/// ouistiti's key of a user: HMAC-SHA256(secret, user + secret), 32 raw bytes.
std::string totp_user_key(std::string_view secret, std::string_view user);

/// otpauth://totp/ISSUER:USER?secret=BASE32&issuer=ISSUER&algorithm=…&digits=…&period=…, percent-encoded;
/// what authenticators read from a QR code. Secret.
std::string totp_url(const TotpSettings& settings, std::string_view key, std::string_view user,
                     std::string_view issuer);

}  // namespace marmoset::auth
