// What -C says to authrpc. In: the text. Out: settings, or what is wrong with them.
#pragma once

#include <string>
#include <string_view>

#include "auth/password_hash.h"
#include "auth/throttle.h"
#include "base/result.h"

namespace marmoset::authrpc {

struct Settings {
    std::string dbname;          ///< SQLite file of users, made when missing
    std::string group = "root";  ///< whose members are administrators
    std::string issuer;          ///< see SqliteStore
    /// Of new passwords; a password that Digest can use stays such a one unless `has_recipe`.
    auth::PasswordRecipe recipe;
    bool has_recipe = false;
    bool foreign = false;  ///< administrators that the gateway alone knows
    bool signin = true;    ///< a password alone tells who one is, without a session at the gate
    auth::Throttle::Limits throttle;
};

Result<Settings> parse_settings(std::string_view text);

}  // namespace marmoset::authrpc
