#include "auth/throttle.h"

#include <algorithm>
#include <string>

namespace marmoset::auth {

SharedTable::Key Throttle::own_key(std::string_view user, std::string_view source) const {
    // The length in front: neither part can be taken for the other.
    std::string text = std::to_string(source.size()) + ':';
    return table_.key("own source", text.append(source).append(user));
}

// The wait doubles with each failure beyond the limit, from one second on.
uint64_t Throttle::count(SharedTable::Key key, unsigned limit, uint64_t longest_ms, uint64_t now_ms) {
    uint64_t wait_ms = 0;
    table_.change(key, now_ms, [&](SharedTable::Entry& entry) {
        uint64_t& failures = entry.first;
        uint64_t& blocked_until = entry.second;
        if (blocked_until > now_ms) {
            wait_ms = blocked_until - now_ms;
            return;
        }
        ++failures;
        if (failures >= limit) {
            const uint64_t doublings = std::min<uint64_t>(failures - limit, 30);
            blocked_until = now_ms + std::min<uint64_t>(uint64_t{1000} << doublings, longest_ms);
        }
        entry.expires_ms = std::max(now_ms + kMemoryMs, blocked_until);
    });
    return (wait_ms + 999) / 1000;
}

// Whoever waits begins nothing: the wait there is now is that of the attempt itself, and those before it were
// served. What failed before stays counted, so the next failure waits twice as long, as without this one.
void Throttle::take_back(SharedTable::Key key, uint64_t now_ms) {
    table_.change(key, now_ms, [&](SharedTable::Entry& entry) {
        if (entry.first > 0) --entry.first;
        entry.second = 0;
        if (entry.first == 0) entry.expires_ms = 0;
    });
}

uint64_t Throttle::begin(std::string_view user, std::string_view source, uint64_t now_ms) {
    const SharedTable::Key from = source_key(source);
    uint64_t wait = source.empty() ? 0 : count(from, limits_.failures, limits_.longest_ms, now_ms);
    if (wait > 0 || is_own(user, source, now_ms)) return wait;
    wait = count(user_key(user), 2 * limits_.failures, std::min(limits_.longest_ms, kLongestUserMs), now_ms);
    if (wait > 0 && !source.empty()) take_back(from, now_ms);
    return wait;
}

uint64_t Throttle::wait(std::string_view source, uint64_t now_ms) const {
    const auto entry = table_.get(source_key(source), now_ms);
    return entry && entry->second > now_ms ? (entry->second - now_ms + 999) / 1000 : 0;
}

void Throttle::take_back(std::string_view user, std::string_view source, uint64_t now_ms) {
    if (!source.empty()) take_back(source_key(source), now_ms);
    if (!is_own(user, source, now_ms)) take_back(user_key(user), now_ms);
}

void Throttle::succeeded(std::string_view user, std::string_view source, uint64_t now_ms) {
    take_back(user, source, now_ms);
    if (source.empty()) return;
    table_.change(own_key(user, source), now_ms,
                  [now_ms](SharedTable::Entry& entry) { entry.expires_ms = now_ms + kOwnSourceMs; });
}

}  // namespace marmoset::auth
