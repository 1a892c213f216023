#include "throttle.h"

#include <algorithm>

namespace marmoset::auth_module {

// Of an IPv6 address the network of 64 bits: whoever has one has all its addresses.
SharedTable::Key Throttle::address_key(const net::Address& address) const {
    if (address.family() == net::Address::Family::Unix) return table_.key("unix", "");
    const size_t size = address.family() == net::Address::Family::Ip6 ? 8 : 16;
    return table_.key("address", {reinterpret_cast<const char*>(address.key()), size});
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

void Throttle::take_back(SharedTable::Key key, unsigned limit, uint64_t now_ms) {
    table_.change(key, now_ms, [&](SharedTable::Entry& entry) {
        if (entry.first > 0) --entry.first;
        if (entry.first < limit) entry.second = 0;
        if (entry.first == 0) entry.expires_ms = 0;
    });
}

uint64_t Throttle::begin(std::string_view user, const net::Address& address, uint64_t now_ms) {
    const SharedTable::Key from = address_key(address);
    uint64_t wait = count(from, limits_.failures, limits_.longest_ms, now_ms);
    if (wait > 0) return wait;
    wait = count(user_key(user), 2 * limits_.failures, std::min(limits_.longest_ms, kLongestUserMs), now_ms);
    if (wait > 0) take_back(from, limits_.failures, now_ms);
    return wait;
}

void Throttle::succeeded(std::string_view user, const net::Address& address, uint64_t now_ms) {
    take_back(address_key(address), limits_.failures, now_ms);
    table_.change(user_key(user), now_ms, [](SharedTable::Entry& entry) { entry = {}; });
}

}  // namespace marmoset::auth_module
