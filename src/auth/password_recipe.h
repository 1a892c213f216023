// What new passwords are stored as, in the words of command lines and settings. In: type, algorithm, realm.
// Out: a recipe for make_password().
#pragma once

#include <string_view>

#include "auth/password_hash.h"

namespace marmoset::auth {

/// `type`: "Basic", "Digest", or "": Digest if there is a realm. `algorithm`: without case; "" is yescrypt,
/// for Digest SHA-256. EINVAL: the text says which there are.
Result<PasswordRecipe> parse_password_recipe(std::string_view type, std::string_view algorithm,
                                             std::string_view realm);

}  // namespace marmoset::auth
