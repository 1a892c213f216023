// The methods for administrators: users made, listed, changed.
#include <cerrno>

#include "service.h"

namespace marmoset::authrpc {

using namespace jsonrpc;

namespace {

constexpr uint64_t kUsersByDefault = 100;
constexpr uint64_t kMostUsers = 1000;
constexpr size_t kMostGroups = 1000;

void set(json_t* object, const char* key, std::string_view text) {
    json_object_set_new(object, key, json_text_of(text));
}

// nullopt: none is given. False: it is no status.
bool read_status(JsonMembers& members, std::optional<auth::UserStatus>& status) {
    std::string text;
    members.string("status", text);
    if (text.empty()) return true;
    status = auth::parse_status(text);
    return status.has_value();
}

Refusal no_status() {
    return {kInvalidParams, "status is approving, activated, repudiated or reapproving"};
}

// Of an absent member `given` is false: an empty text is a value, too.
std::string read_text(JsonMembers& members, const json_t* params, const char* key, bool& given) {
    std::string text;
    members.string(key, text);
    given = json_object_get(params, key) != nullptr;
    return text;
}

}  // namespace

// ouistiti has its answer of success in `error`; its page shows either, so ours is where it belongs.
Answer Service::adduser(Connection& connection, const json_t* params) {
    Secret password;
    auth::User user;
    std::optional<auth::UserStatus> status;
    JsonMembers members(params, "params");
    members.string("user", user.name);
    members.string("passwd", password.text());
    members.string("group", user.group);
    members.string("home", user.home);
    const bool is_status = read_status(members, status);
    if (members.failed()) return refusal_as_error({kInvalidParams, members.error()});
    if (!is_status) return refusal_as_error(no_status());
    Identity identity;
    Refusal refusal;
    if (!administrator(connection, identity, "adduser", refusal)) return refusal_as_result(refusal);
    if (user.name.empty() || password.text().empty())
        return refusal_as_result({kRefused, "incomplete command"});
    if (!auth::is_valid_user_name(user.name))
        return refusal_as_result(
            {kRefused, "a name is 1 to 64 bytes of UTF-8, without «:» and control characters"});
    if (status) user.status = *status;
    if (!hash(user.name, {}, password.text(), user.password, refusal)) return refusal_as_result(refusal);
    if (auto added = store_->add(user); !added) {
        // The only refusal that ouistiti has in `error`.
        const Refusal why = failed(added.error());
        return why.code == kConflict ? refusal_as_error(why) : refusal_as_result(why);
    }
    log_change(
        connection, identity.name,
        "added the user " + user.name + " of the group " + (user.group.empty() ? "users" : user.group));
    return message("user added");
}

Answer Service::listusers(Connection& connection, const json_t* params) {
    std::string after;
    uint64_t limit = kUsersByDefault;
    JsonMembers members(params, "params");
    members.string("after", after);
    members.number("limit", limit, kMostUsers);
    if (limit == 0) members.fail("limit", "is at least 1");
    if (members.failed()) return refusal_as_error({kInvalidParams, members.error()});
    Identity identity;
    Refusal refusal;
    if (!administrator(connection, identity, "listusers", refusal)) return refusal_as_error(refusal);
    // One more than is shown tells whether there are more.
    auto users = store_->list(after, limit + 1);
    if (!users) return refusal_as_error(failed(users.error()));
    const bool more = users->size() > limit;
    if (more) users->pop_back();
    Json result(json_object());
    json_t* const list = json_array();
    json_object_set_new(result.get(), "users", list);
    for (const auth::User& user : *users) {
        json_t* const entry = json_object();
        set(entry, "user", user.name);
        set(entry, "group", user.group);
        set(entry, "home", user.home);
        set(entry, "status", auth::status_name(user.status));
        set(entry, "algorithm", algorithm_name(user));
        json_array_append_new(list, entry);
    }
    json_object_set_new(result.get(), "more", json_boolean(more));
    return {std::move(result), false};
}

Answer Service::listgroups(Connection& connection, const json_t*) {
    Identity identity;
    Refusal refusal;
    if (!administrator(connection, identity, "listgroups", refusal)) return refusal_as_error(refusal);
    const auto groups = store_->groups(kMostGroups);
    if (!groups) return refusal_as_error(failed(groups.error()));
    Json result(json_object());
    json_t* const list = json_array();
    json_object_set_new(result.get(), "groups", list);
    for (const auto& group : *groups) {
        json_t* const entry = json_object();
        set(entry, "group", group.name);
        json_object_set_new(entry, "users", json_integer(group.users));
        json_array_append_new(list, entry);
    }
    return {std::move(result), false};
}

Answer Service::moduser(Connection& connection, const json_t* params) {
    std::string name;
    std::optional<auth::UserStatus> status;
    bool has_group = false, has_home = false;
    JsonMembers members(params, "params");
    members.string("user", name);
    const std::string group = read_text(members, params, "group", has_group);
    const std::string home = read_text(members, params, "home", has_home);
    const bool is_status = read_status(members, status);
    if (name.empty()) members.fail("user", "is needed");
    if (has_group && group.empty()) members.fail("group", "is the name of a group");
    if (members.failed()) return refusal_as_error({kInvalidParams, members.error()});
    if (!is_status) return refusal_as_error(no_status());
    Identity identity;
    Refusal refusal;
    if (!administrator(connection, identity, "moduser", refusal)) return refusal_as_error(refusal);
    const auto changed = store_->modify(
        name,
        [&](auth::User& user) {
            if (has_group) user.group = group;
            if (has_home) user.home = home;
            if (status) user.status = *status;
            return true;
        },
        settings_.group);
    if (!changed) {
        if (changed.error().code == ENOENT) return refusal_as_error({kMissing, "there is no such user"});
        Refusal why = failed(changed.error());
        if (why.code == kRefused) why.code = kInvalidParams;
        return refusal_as_error(why);
    }
    log_change(connection, identity.name,
               "changed the user " + name + ": group " + changed->group + ", home " + changed->home + ", " +
                   std::string(auth::status_name(changed->status)));
    Answer answer = message("user changed");
    json_t* const object = answer.value.get();
    set(object, "user", name);
    set(object, "group", changed->group);
    set(object, "home", changed->home);
    set(object, "status", auth::status_name(changed->status));
    return answer;
}

}  // namespace marmoset::authrpc
