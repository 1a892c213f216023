#include "nonces.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/text.h"

namespace marmoset::auth_module {

namespace {

constexpr size_t kSigned = 16;     // time and random bytes
constexpr size_t kSignature = 16;  // of 32
constexpr uint64_t kClockSkewMs = 5000;

}  // namespace

std::string Nonces::sign(std::string_view what) const {
    return hmac(DigestAlgorithm::Sha256, key_, {what}).substr(0, kSignature);
}

std::string Nonces::make(uint64_t now_ms) const {
    uint8_t content[kSigned];
    store<uint64_t>(content, now_ms);
    random_bytes(MutableBytes(content).subspan(8));
    std::string nonce(reinterpret_cast<const char*>(content), sizeof content);
    nonce += sign(nonce);
    return base64url_encode(as_bytes(nonce));
}

Nonces::State Nonces::check(std::string_view nonce, uint64_t now_ms) const {
    const auto content = base64url_decode(nonce);
    if (!content || content->size() != kSigned + kSignature) return State::Foreign;
    const std::string_view text = *content;
    if (!equal_constant_time(text.substr(kSigned), sign(text.substr(0, kSigned)))) return State::Foreign;
    const auto made_ms = load<uint64_t>(reinterpret_cast<const uint8_t*>(text.data()));
    // Another worker's clock may be some milliseconds ahead: each reads it once a turn.
    const uint64_t age_ms = now_ms > made_ms ? now_ms - made_ms : 0;
    return made_ms <= now_ms + kClockSkewMs && age_ms < life_ms_ ? State::Good : State::Stale;
}

bool Nonces::use(std::string_view nonce, uint32_t count, uint64_t now_ms) const {
    bool fresh = false;
    table_.change(table_.key("nonce", nonce), now_ms, [&](SharedTable::Entry& entry) {
        uint64_t& highest = entry.first;
        uint64_t& used = entry.second;  // bit n: highest - n
        if (count > highest) {
            const uint64_t step = count - highest;
            used = step < kWindow ? used << step | 1 : 1;
            highest = count;
            fresh = true;
        } else if (highest - count < kWindow) {
            const uint64_t bit = uint64_t{1} << (highest - count);
            fresh = (used & bit) == 0;
            used |= bit;
        }
        entry.expires_ms = now_ms + life_ms_;
    });
    return fresh;
}

}  // namespace marmoset::auth_module
