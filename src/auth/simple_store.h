// The one user that stands in the configuration itself. In: its keys. Out: that user.
#pragma once

#include <memory>

#include "auth/user_store.h"

namespace marmoset::auth {

class SimpleStore : public UserStore {
  public:
    /// `password` in any stored form; empty: nobody signs in.
    static Result<std::unique_ptr<SimpleStore>> make(std::string name, std::string password,
                                                     std::string group, std::string home);

    std::string_view kind() const override { return "simple"; }
    Result<std::optional<User>> find(std::string_view name) override;
    Result<std::vector<User>> list(std::string_view after, size_t limit) override;

  private:
    explicit SimpleStore(User user) : user_(std::move(user)) {}

    const User user_;
};

}  // namespace marmoset::auth
