// Nonces of Digest (RFC 7616 5.12, 3.3): made and recognised by any worker without being kept, for they carry
// their time and a signature; kept is only which counts of a nonce have been used. In: nonces and counts of
// clients. Out: good, stale, or not ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/shared_table.h"

namespace marmoset::auth_module {

class Nonces {
  public:
    enum class State : uint8_t {
        Good,
        Stale,   ///< ours, but too old: a new one helps, the user need not be asked
        Foreign  ///< not ours
    };
    /// `key`: secret, the same in all workers. `table` outlives this. `life_ms`: how long a nonce is good.
    Nonces(SharedTable& table, std::string key, uint64_t life_ms)
        : table_(table), key_(std::move(key)), life_ms_(life_ms) {}

    std::string make(uint64_t now_ms) const;
    State check(std::string_view nonce, uint64_t now_ms) const;
    /// Takes a count that came with a right response. False: it was used before, or is so far behind the
    /// highest that nobody knows (clients with several connections may change their order by kWindow).
    bool use(std::string_view nonce, uint32_t count, uint64_t now_ms) const;

    static constexpr unsigned kWindow = 64;

  private:
    std::string sign(std::string_view what) const;

    SharedTable& table_;
    const std::string key_;
    const uint64_t life_ms_;
};

}  // namespace marmoset::auth_module
