// Failed sign-ins of an address and of a user slow down the next ones, in all workers. In: attempts. Out: how
// long to wait. An attempt counts as failed from its beginning on, so that many at once are no way around it;
// a success takes its own count back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/shared_table.h"
#include "net/address.h"

namespace marmoset::auth_module {

class Throttle {
  public:
    struct Limits {
        unsigned failures = 10;         ///< of one address that cost nothing; of one user twice as many
        uint64_t longest_ms = 900'000;  ///< wait of an address; of a user kLongestUserMs at most
    };
    /// A user is not locked out for long by those who guess: addresses are what guesses come from.
    static constexpr uint64_t kLongestUserMs = 60'000;
    /// Failures are forgotten after so much time without one.
    static constexpr uint64_t kMemoryMs = 900'000;

    /// `table` outlives the throttle.
    Throttle(SharedTable& table, Limits limits) : table_(table), limits_(limits) {}

    /// An attempt is about to be made. 0: it may; else the seconds to wait, and nothing was counted.
    uint64_t begin(std::string_view user, const net::Address& address, uint64_t now_ms);
    /// It could not be made: as if it had not been begun.
    void take_back(std::string_view user, const net::Address& address, uint64_t now_ms) {
        take_back(address_key(address), limits_.failures, now_ms);
        take_back(user_key(user), 2 * limits_.failures, now_ms);
    }
    /// It was right.
    void succeeded(std::string_view user, const net::Address& address, uint64_t now_ms);

  private:
    uint64_t count(SharedTable::Key key, unsigned limit, uint64_t longest_ms, uint64_t now_ms);
    void take_back(SharedTable::Key key, unsigned limit, uint64_t now_ms);
    SharedTable::Key user_key(std::string_view user) const { return table_.key("user", user); }
    SharedTable::Key address_key(const net::Address& address) const;

    SharedTable& table_;
    const Limits limits_;
};

}  // namespace marmoset::auth_module
