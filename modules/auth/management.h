// Users as others read and change them over HTTP (option management): forms and JSON in and out, and the
// changes of a store. Nothing here knows who asks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/password_hash.h"
#include "auth/user.h"
#include "auth/user_store.h"
#include "base/result.h"

namespace marmoset::auth_module {

/// What a request wants of a user; an absent field stays as it is.
struct UserChange {
    std::optional<std::string> name;
    std::optional<std::string> password;  ///< in clear
    std::optional<std::string> group, home;
    std::optional<auth::UserStatus> status;
    std::optional<std::vector<std::string>> factors_off;  ///< ouistiti's `issuers`
};

/// The fields user, group, home, passwd (or password), status, issuers of a form
/// (application/x-www-form-urlencoded); issuers are split at commas. nullopt: malformed, a field stands
/// twice, or a status that there is not.
std::optional<UserChange> parse_user_form(std::string_view body);
/// The same as members of a JSON object; issuers are a list or a text.
std::optional<UserChange> parse_user_json(std::string_view body);

enum class UserFormat : uint8_t { Form, Json };

/// One user: {"user","group","status","home","issuers"}, or user=…&group=…&status=…&home=… as ouistiti has
/// it. Never a password.
std::string write_user(const auth::User& user, UserFormat format);
/// A list of them, or a line for each.
std::string write_users(const std::vector<auth::User>& users, UserFormat format);

/// A new user. Errors are those of UserStore, EINVAL for a password that can't be kept. Hashes: blocks, as
/// all that follow.
Result<auth::User> add_user(auth::UserStore& store, const std::string& name, const UserChange& change,
                            const auth::PasswordRecipe& recipe);
Result<auth::User> change_user(auth::UserStore& store, const std::string& name, const UserChange& change,
                               const auth::PasswordRecipe& recipe);

/// ENOENT where there is none.
Result<auth::User> find_user(auth::UserStore& store, const std::string& name);

/// What a failure looks like: its status, and ouistiti's words for it.
struct UserFailure {
    unsigned status;
    const char* text;
};
UserFailure user_failure(const Error& error);

}  // namespace marmoset::auth_module
