#include "first_user.h"

#include <cerrno>
#include <cstdio>

#include "auth/one_time.h"
#include "auth/password_hash.h"
#include "auth/user_store.h"
#include "settings.h"

namespace marmoset::auth_module {

Result<void> make_first_user(auth::UserStore& store, const Settings& settings) {
    if (!store.can_change()) return {};
    const auto users = store.list("", 1);
    if (!users) return users.error();
    if (!users->empty()) return {};
    const std::string password = auth::random_text(18);
    auth::User admin;
    admin.name = "admin";
    admin.group = "root";
    auto stored = auth::make_password(password_recipe(settings), admin.name, password);
    if (!stored) return stored.error();
    admin.password = stored.take();
    const auto added = store.add(admin);
    if (!added && added.error().code == EEXIST) return {};  // somebody else's start was faster
    if (!added) return added.error();
    // Not through the log, which others read and which stays.
    std::fprintf(stderr,
                 "marmoset: auth \"%s\": there was no user; made admin with the password %s\n"
                 "marmoset: it is shown this once; marmoset_passwd changes it\n",
                 settings.realm.c_str(), password.c_str());
    return {};
}

}  // namespace marmoset::auth_module
