#include "auth/simple_store.h"

#include <cerrno>

namespace marmoset::auth {

Result<std::unique_ptr<SimpleStore>> SimpleStore::make(std::string name, std::string password,
                                                       std::string group, std::string home) {
    if (!is_valid_user_name(name) || !is_valid_user_field(group) || !is_valid_user_field(home))
        return Error{"user, group and home are UTF-8 without «:» and control characters", EINVAL};
    User user;
    user.name = std::move(name);
    user.password = std::move(password);
    user.group = std::move(group);
    user.home = std::move(home);
    return std::unique_ptr<SimpleStore>(new SimpleStore(std::move(user)));
}

Result<std::optional<User>> SimpleStore::find(std::string_view name) {
    return name == user_.name ? std::optional<User>(user_) : std::nullopt;
}

Result<std::vector<User>> SimpleStore::list(std::string_view after, size_t limit) {
    std::vector<User> users;
    if (limit > 0 && after < user_.name) users.push_back(user_);
    return users;
}

}  // namespace marmoset::auth
