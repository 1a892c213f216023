#include "auth/totp.h"

#include <algorithm>

#include "base/base32.h"
#include "base/bytes.h"
#include "base/percent.h"
#include "base/text.h"

namespace marmoset::auth {

namespace {

// As Google's description of these URLs has them; authenticators know no others.
std::string_view url_name(DigestAlgorithm algorithm) {
    switch (algorithm) {
        case DigestAlgorithm::Sha256:
            return "SHA256";
        case DigestAlgorithm::Sha512:
            return "SHA512";
        default:
            return "SHA1";
    }
}

}  // namespace

std::string hotp_code(DigestAlgorithm algorithm, std::string_view key, uint64_t counter, unsigned digits) {
    uint8_t message[8];
    store_big(message, counter);
    const std::string mac = hmac(algorithm, key, {as_text(message)});
    if (mac.size() < 20) return {};  // MD5 is too short to be truncated so
    // RFC 4226 5.3, dynamic truncation: the last nibble tells where 31 bits are taken.
    const auto* bytes = as_bytes(mac).data();
    const unsigned offset = bytes[mac.size() - 1] & 15u;
    const uint32_t value = load_big<uint32_t>(bytes + offset) & 0x7fffffffu;
    std::string code = std::to_string(value);
    if (code.size() < digits) code.insert(0, digits - code.size(), '0');
    return code.substr(code.size() - digits);
}

std::optional<uint64_t> verify_totp(const TotpSettings& settings, std::string_view key, std::string_view code,
                                    uint64_t now, uint64_t last_used) {
    std::string typed;
    for (const char c : code.substr(0, 32)) {
        if (c != ' ') typed += c;
    }
    if (settings.digits < 6 || typed.size() != settings.digits) return std::nullopt;
    const uint64_t counter = totp_counter(settings, now);
    const uint64_t first = counter - std::min<uint64_t>(counter, settings.window);
    std::optional<uint64_t> found;
    // All of them, always: which one it is shows in no duration.
    for (uint64_t at = first; at <= counter + settings.window; ++at) {
        const bool right =
            equal_constant_time(hotp_code(settings.algorithm, key, at, settings.digits), typed);
        if (right && at > last_used && !found) found = at;
    }
    return found;
}

std::string totp_user_key(std::string_view secret, std::string_view user) {
    return hmac(DigestAlgorithm::Sha256, secret, {user, secret});
}

std::string totp_url(const TotpSettings& settings, std::string_view key, std::string_view user,
                     std::string_view issuer) {
    std::string url = "otpauth://totp/";
    if (!issuer.empty()) url.append(percent_encode(issuer)).append(":");
    url.append(percent_encode(user)).append("?secret=").append(base32_encode(as_bytes(key)));
    if (!issuer.empty()) url.append("&issuer=").append(percent_encode(issuer));
    url.append("&algorithm=").append(url_name(settings.algorithm));
    url.append("&digits=").append(std::to_string(settings.digits));
    return url.append("&period=").append(std::to_string(settings.period));
}

}  // namespace marmoset::auth
