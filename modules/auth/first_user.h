// No default users: an empty store gets one whose password nobody could know, shown once to whoever starts
// the server.
#pragma once

#include "base/result.h"

namespace marmoset::auth {
class UserStore;
}

namespace marmoset::auth_module {

struct Settings;

/// Adds the user `admin` to a store that can be changed and has no user, and prints its random password to
/// standard error; it is kept nowhere else. Blocks.
Result<void> make_first_user(auth::UserStore& store, const Settings& settings);

}  // namespace marmoset::auth_module
