// Which user a provider's claims mean. In: claims (of an ID token, of userinfo), the rules of the
// configuration. Out: a user, or why it is none. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/user.h"
#include "base/json.h"
#include "base/result.h"

namespace marmoset::auth_module {

struct ClaimRules {
    std::string name = "preferred_username";  ///< the claim that is the user's name
    std::string group;                        ///< the claim that lists groups; empty: they are not looked at
    /// The provider's groups and ours, in the order in which they count.
    std::vector<std::pair<std::string, std::string>> groups;
    std::string other_group;  ///< of a user whose groups fit none; may be empty
};

/// The claim of that name; or, where there is none, the one inside others that a name with dots tells
/// ("realm_access.roles"). Borrowed; nullptr: there is none.
const json_t* find_claim(const json_t* claims, std::string_view name);

/// Whether the rules find what they ask for; else it may stand in userinfo.
bool has_claims(const json_t* claims, const ClaimRules& rules);

/// Name and group. Refused (EACCES): no name, or none that a user here can have; an `email` as the name
/// without a true `email_verified`: anybody could have said so.
Result<auth::User> user_of_claims(const json_t* claims, const ClaimRules& rules);

}  // namespace marmoset::auth_module
