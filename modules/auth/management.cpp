#include "management.h"

#include <cerrno>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/percent.h"
#include "base/text.h"

namespace marmoset::auth_module {

namespace {

constexpr size_t kMostFields = 16;
constexpr size_t kMostFactors = 16;

/// Puts one field where it belongs; false: it stands twice, or means nothing. Unknown ones are passed over.
bool take_field(std::string_view name, std::string_view value, UserChange& change) {
    const auto take = [&](std::optional<std::string>& place) {
        if (place) return false;
        place = value;
        return value.find('\0') == std::string_view::npos;
    };
    if (name == "user") return take(change.name);
    if (name == "passwd" || name == "password") return take(change.password);
    if (name == "group") return take(change.group);
    if (name == "home") return take(change.home);
    if (name == "status") {
        if (change.status) return false;
        change.status = auth::parse_status(value);
        return change.status.has_value();
    }
    if (name != "issuers") return true;
    if (change.factors_off) return false;
    auto& factors = change.factors_off.emplace();
    while (const auto factor = next_list_element(value)) {
        if (factors.size() == kMostFactors || !is_token(*factor)) return false;
        factors.emplace_back(*factor);
    }
    return true;
}

bool has_line_end(std::string_view text) {
    return text.find_first_of("\r\n") != std::string_view::npos;
}

Result<std::string> stored_password(const auth::PasswordRecipe& recipe, const std::string& name,
                                    const UserChange& change) {
    if (!change.password || has_line_end(*change.password))
        return Error{"no password that can be kept", EINVAL};
    auto stored = auth::make_password(recipe, name, *change.password);
    if (!stored) return Error{stored.error().text, EINVAL};
    return stored;
}

void apply(const UserChange& change, auth::User& user) {
    if (change.group) user.group = *change.group;
    if (change.home) user.home = *change.home;
    if (change.status) user.status = *change.status;
    if (change.factors_off) user.factors_off = *change.factors_off;
}

void write_json(const auth::User& user, JsonWriter& json) {
    json.begin_object();
    json.member("user", user.name);
    json.member("group", user.group);
    json.member("status", auth::status_name(user.status));
    json.member("home", user.home);
    json.key("issuers");
    json.begin_array();
    for (const std::string& factor : user.factors_off)
        json.string(factor);
    json.end_array();
    json.end_object();
}

}  // namespace

std::optional<UserChange> parse_user_form(std::string_view body) {
    const auto fields = parse_form(body, kMostFields);
    if (!fields) return std::nullopt;
    UserChange change;
    for (const auto& [name, value] : *fields) {
        if (!take_field(name, value, change)) return std::nullopt;
    }
    return change;
}

std::optional<UserChange> parse_user_json(std::string_view body) {
    const auto json = Json::parse(as_bytes(body), 4, Json::Members::Unique);
    if (!json || !json_is_object(json->get())) return std::nullopt;
    UserChange change;
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(json->get(), name, value) {
        std::string text;
        if (json_is_array(value)) {
            for (size_t i = 0; i < json_array_size(value); ++i) {
                if (!json_is_string(json_array_get(value, i))) return std::nullopt;
                text.append(i == 0 ? "" : ",").append(json_text(json_array_get(value, i)));
            }
        } else if (json_is_string(value)) {
            text = json_text(value);
        } else {
            return std::nullopt;
        }
        const bool list_expected = std::string_view(name) == "issuers";
        if ((json_is_array(value) && !list_expected) || !take_field(name, text, change)) return std::nullopt;
    }
    return change;
}

std::string write_user(const auth::User& user, UserFormat format) {
    std::string text;
    if (format == UserFormat::Json) {
        JsonWriter json(text);
        write_json(user, json);
        return text;
    }
    append_form_field(text, "user", user.name);
    append_form_field(text, "group", user.group);
    append_form_field(text, "status", auth::status_name(user.status));
    append_form_field(text, "home", user.home);
    return text;
}

std::string write_users(const std::vector<auth::User>& users, UserFormat format) {
    std::string text;
    if (format == UserFormat::Form) {
        for (const auth::User& user : users)
            text.append(write_user(user, format)).append("\n");
        return text;
    }
    JsonWriter json(text);
    json.begin_array();
    for (const auth::User& user : users)
        write_json(user, json);
    json.end_array();
    return text;
}

Result<auth::User> find_user(auth::UserStore& store, const std::string& name) {
    auto user = store.find(name);
    if (!user) return user.error();
    if (!*user) return Error{"there is no user " + name, ENOENT};
    return std::move(**user);
}

Result<auth::User> add_user(auth::UserStore& store, const std::string& name, const UserChange& change,
                            const auth::PasswordRecipe& recipe) {
    auth::User user;
    user.name = name;
    apply(change, user);
    if (change.password) {
        auto stored = stored_password(recipe, name, change);
        if (!stored) return stored.error();
        user.password = stored.take();
    }
    if (auto added = store.add(user); !added) return added.error();
    return find_user(store, name);
}

Result<auth::User> change_user(auth::UserStore& store, const std::string& name, const UserChange& change,
                               const auth::PasswordRecipe& recipe) {
    auto user = find_user(store, name);
    if (!user) return user;
    std::string stored;
    if (change.password) {
        auto made = stored_password(recipe, name, change);
        if (!made) return made.error();
        stored = made.take();
    }
    if (change.group || change.home || change.status || change.factors_off) {
        apply(change, *user);
        if (auto updated = store.update(*user); !updated) return updated.error();
    }
    if (change.password) {
        if (auto set = store.set_password(name, stored); !set) return set.error();
    }
    return find_user(store, name);
}

UserFailure user_failure(const Error& error) {
    switch (error.code) {
        case ENOENT:
            return {404, "user not found"};
        case EEXIST:
            return {409, "user existing"};
        case EINVAL:
            return {400, "bad value"};
        case EACCES:
        case EROFS:
            return {403, "access denied"};
        default:
            return {500, "the users can't be reached"};
    }
}

}  // namespace marmoset::auth_module
