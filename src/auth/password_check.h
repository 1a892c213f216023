// Names and passwords against a store, so that neither answer nor duration tells which names there are. In: a
// store. Out: the user, or nothing. Blocks as long as a hash takes: thread pool. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/user_store.h"

namespace marmoset::auth {

class PasswordCheck {
  public:
    explicit PasswordCheck(std::shared_ptr<UserStore> store);

    /// The user whose password this is. nullopt: no such user, or not the password, or none is set. The
    /// user's status is the caller's affair (User::may_sign_in), after this: before, it would tell that there
    /// is one. `realm`: see verify_password. An error: the store could not be asked.
    Result<std::optional<User>> verify(std::string_view name, std::string_view password,
                                       std::string_view realm = {});

  private:
    std::string stand_in(std::string_view name);
    void take_samples();

    std::shared_ptr<UserStore> store_;
    std::string key_;  // random: which stand-in a name gets, nobody outside can work out

    std::mutex mutex_;  // guards what follows
    std::vector<std::string>
        samples_;          // stored forms as costly as the store's own, of passwords nobody knows
    unsigned checks_ = 0;  // since the samples were taken
};

}  // namespace marmoset::auth
