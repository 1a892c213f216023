// Failed sign-ins of a source (an address, a network) and of a user slow down the next ones, in all processes
// that have the table. In: attempts. Out: how long to wait. An attempt counts as failed from its beginning
// on, so that many at once are no way around it; a success takes its own count back. Any thread.
//
// Who guesses at a user from many sources must neither get far nor lock the user out: a source that the user
// has signed in from lately is not held back by the failures of others, only by its own.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/shared_table.h"

namespace marmoset::auth {

class Throttle {
  public:
    struct Limits {
        unsigned failures = 10;         ///< of one source that cost nothing; of one user twice as many
        uint64_t longest_ms = 900'000;  ///< wait of a source; of a user kLongestUserMs at most
    };
    /// A user is not locked out for long by those who guess, from a new source either.
    static constexpr uint64_t kLongestUserMs = 60'000;
    /// Failures are forgotten after so much time without one.
    static constexpr uint64_t kMemoryMs = 900'000;
    /// How long a source is one of the user's own behind a sign-in.
    static constexpr uint64_t kOwnSourceMs = 7 * 86'400'000ull;

    /// `table` outlives the throttle.
    Throttle(SharedTable& table, Limits limits) : table_(table), limits_(limits) {}

    /// An attempt is about to be made. `source`: bytes that are the same for whoever is to wait together;
    /// empty: it is not known, and only the user's failures count, so that none who share it with all others
    /// make these wait. 0: it may; else the seconds to wait, and nothing was counted. `now_ms`: monotonic.
    uint64_t begin(std::string_view user, std::string_view source, uint64_t now_ms);
    /// The seconds that a source has to wait now, whoever it asks for. Counts nothing.
    uint64_t wait(std::string_view source, uint64_t now_ms) const;
    /// It could not be made: as if it had not been begun.
    void take_back(std::string_view user, std::string_view source, uint64_t now_ms);
    /// It was right, so nobody waits because of it. What else has failed stays counted.
    void succeeded(std::string_view user, std::string_view source, uint64_t now_ms);

  private:
    uint64_t count(SharedTable::Key key, unsigned limit, uint64_t longest_ms, uint64_t now_ms);
    void take_back(SharedTable::Key key, uint64_t now_ms);
    SharedTable::Key user_key(std::string_view user) const { return table_.key("user", user); }
    SharedTable::Key source_key(std::string_view source) const { return table_.key("source", source); }
    SharedTable::Key own_key(std::string_view user, std::string_view source) const;
    bool is_own(std::string_view user, std::string_view source, uint64_t now_ms) const {
        return table_.get(own_key(user, source), now_ms).has_value();
    }

    SharedTable& table_;
    const Limits limits_;
};

}  // namespace marmoset::auth
