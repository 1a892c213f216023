#include "claims.h"

#include <algorithm>
#include <cerrno>

namespace marmoset::auth_module {

namespace {

// A text; or a number, which some providers name users by.
std::string text_of(const json_t* value) {
    if (json_is_string(value)) return std::string(json_text(value));
    return json_is_integer(value) ? std::to_string(json_integer_value(value)) : std::string();
}

bool lists(const json_t* value, std::string_view group) {
    if (json_is_string(value)) return json_text(value) == group;
    for (size_t i = 0; i < json_array_size(value); ++i) {
        const json_t* entry = json_array_get(value, i);
        if (json_is_string(entry) && json_text(entry) == group) return true;
    }
    return false;
}

}  // namespace

const json_t* find_claim(const json_t* claims, std::string_view name) {
    if (const json_t* found = json_object_getn(claims, name.data(), name.size())) return found;
    const size_t dot = name.find('.');
    if (dot == std::string_view::npos) return nullptr;
    const json_t* inner = json_object_getn(claims, name.data(), dot);
    return inner ? find_claim(inner, name.substr(dot + 1)) : nullptr;
}

bool has_claims(const json_t* claims, const ClaimRules& rules) {
    return find_claim(claims, rules.name) && (rules.group.empty() || find_claim(claims, rules.group));
}

Result<auth::User> user_of_claims(const json_t* claims, const ClaimRules& rules) {
    auth::User user;
    user.name = text_of(find_claim(claims, rules.name));
    if (user.name.empty()) return Error{"the provider tells no " + rules.name, EACCES};
    if (!auth::is_valid_user_name(user.name))
        return Error{"the provider's " + rules.name + " can't be a user's name here", EACCES};
    if (rules.name == "email" && !json_is_true(find_claim(claims, "email_verified")))
        return Error{"the provider has not verified the email", EACCES};
    user.group = rules.other_group;
    if (rules.group.empty()) return user;
    const json_t* value = find_claim(claims, rules.group);
    const auto fits = std::find_if(rules.groups.begin(), rules.groups.end(),
                                   [&](const auto& rule) { return lists(value, rule.first); });
    if (fits != rules.groups.end()) user.group = fits->second;
    return user;
}

}  // namespace marmoset::auth_module
