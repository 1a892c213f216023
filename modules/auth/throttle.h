// Failed sign-ins of clients, by their addresses, in all workers: see auth/throttle.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "auth/throttle.h"
#include "net/address.h"

namespace marmoset::auth_module {

class Throttle {
  public:
    using Limits = auth::Throttle::Limits;
    static constexpr uint64_t kMemoryMs = auth::Throttle::kMemoryMs;
    static constexpr uint64_t kLongestUserMs = auth::Throttle::kLongestUserMs;
    static constexpr uint64_t kOwnAddressMs = auth::Throttle::kOwnSourceMs;

    /// `table` outlives the throttle.
    Throttle(SharedTable& table, Limits limits) : throttle_(table, limits) {}

    uint64_t begin(std::string_view user, const net::Address& address, uint64_t now_ms) {
        return throttle_.begin(user, source(address), now_ms);
    }
    uint64_t wait(const net::Address& address, uint64_t now_ms) const {
        return throttle_.wait(source(address), now_ms);
    }
    void take_back(std::string_view user, const net::Address& address, uint64_t now_ms) {
        throttle_.take_back(user, source(address), now_ms);
    }
    void succeeded(std::string_view user, const net::Address& address, uint64_t now_ms) {
        throttle_.succeeded(user, source(address), now_ms);
    }

  private:
    /// What of an address counts: bytes of it.
    static std::string_view source(const net::Address& address);

    auth::Throttle throttle_;
};

}  // namespace marmoset::auth_module
