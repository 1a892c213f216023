// The methods for everybody: who one is, signing in, one's own password and account. Those of ouistiti refuse
// in `result`, in its words.
#include "service.h"

namespace marmoset::authrpc {

using namespace jsonrpc;

namespace {

constexpr const char* kIncomplete = "incomplete command";

Answer incomplete() {
    return refusal_as_result({kRefused, kIncomplete});
}

// As ouistiti describes a user: what is not known is left out.
void describe(json_t* object, const auth::User& user) {
    const std::string_view algorithm = algorithm_name(user);
    if (!algorithm.empty()) json_object_set_new(object, "algorithm", json_text_of(algorithm));
    if (!user.group.empty()) json_object_set_new(object, "group", json_text_of(user.group));
    if (!user.home.empty()) json_object_set_new(object, "home", json_text_of(user.home));
}

}  // namespace

Answer Service::auth(Connection& connection, const json_t* params) {
    Secret password;
    std::string name;
    JsonMembers members(params, "params");
    members.string("user", name);
    members.string("passwd", password.text());
    if (members.failed()) return refusal_as_error({kInvalidParams, members.error()});
    if (name.empty() || password.text().empty()) return incomplete();
    Refusal refusal;
    const auto user = verify(connection, name, password.text(), refusal);
    if (!user) return refusal_as_result(refusal);
    connection.sign_out();
    connection.signed_in = user->name;
    connection.stored.text() = user->password;
    log_change(connection, user->name, "signed in");
    Json result(json_object());
    json_object_set_new(result.get(), "user", json_text_of(user->name));
    describe(result.get(), *user);
    return {std::move(result), false};
}

Answer Service::signout(Connection& connection, const json_t*) {
    connection.sign_out();
    return message("signed out");
}

Answer Service::whoami(Connection& connection, const json_t*) {
    Identity identity;
    Refusal refusal;
    if (!identify(connection, identity, refusal)) return refusal_as_error(refusal);
    const bool in_database = identity.user.has_value();
    const std::string_view group = in_database ? identity.user->effective_group() : connection.group;
    Json result(json_object());
    json_t* const object = result.get();
    json_object_set_new(object, "user", json_text_of(identity.name));
    json_object_set_new(object, "group", json_text_of(identity.known() ? group : std::string_view()));
    json_object_set_new(object, "home", json_text_of(in_database ? identity.user->home : std::string()));
    json_object_set_new(
        object, "status",
        json_text_of(in_database ? auth::status_name(identity.user->status) : std::string_view()));
    json_object_set_new(object, "source",
                        identity.known()
                            ? json_string(identity.source == Identity::Source::Auth ? "auth" : "gateway")
                            : json_null());
    json_object_set_new(object, "administrator", json_boolean(identity.administrator));
    return {std::move(result), false};
}

// Who may: an administrator for anybody, everybody else for oneself, with the old password. Without a sign-in
// name and old password are one, made for this call.
Answer Service::passwd(Connection& connection, const json_t* params) {
    Secret old, fresh, again, stored;
    std::string name;
    JsonMembers members(params, "params");
    members.string("user", name);
    members.string("old", old.text());
    members.string("new", fresh.text());
    members.string("confirm", again.text());
    if (members.failed()) return refusal_as_error({kInvalidParams, members.error()});
    Identity identity;
    Refusal refusal;
    if (!identify(connection, identity, refusal)) return refusal_as_result(refusal);
    if (name.empty()) name = identity.name;
    const bool own = identity.known() && name == identity.name;
    const bool asks_old = !identity.administrator || (own && !old.text().empty());
    if (name.empty() || fresh.text().empty() || (asks_old && old.text().empty())) return incomplete();
    if (identity.known() && !own && !identity.administrator)
        return refusal_as_result(denied(connection, identity, "passwd"));
    if (fresh.text() != again.text()) return refusal_as_result({kRefused, "confirm new password"});

    std::string before;
    if (asks_old) {
        const auto user = verify(connection, name, old.text(), refusal);
        if (!user) return refusal_as_result(refusal);
        before = user->password;
    } else {
        const auto user = store_->find(name);
        if (!user) return refusal_as_result(failed(user.error()));
        if (!*user) return refusal_as_result({kRefused, "user or password not found"});
        before = (*user)->password;
    }
    if (!hash(name, before, fresh.text(), stored.text(), refusal)) return refusal_as_result(refusal);
    const auto changed = store_->modify(name, [&](auth::User& user) {
        if (asks_old && user.password != before) return false;  // somebody else was faster
        user.password = stored.text();
        if (asks_old && user.status == auth::UserStatus::Reapproving)
            user.status = auth::UserStatus::Activated;
        return true;
    });
    if (!changed) return refusal_as_result(failed(changed.error()));
    if (connection.signed_in == name) connection.stored.text() = changed->password;
    log_change(connection, identity.known() ? identity.name : name, "changed the password of " + name);
    Answer answer = message("password changed");
    if (!own && identity.administrator) describe(answer.value.get(), *changed);
    return answer;
}

Answer Service::rmuser(Connection& connection, const json_t* params) {
    Secret password;
    std::string name;
    JsonMembers members(params, "params");
    members.string("user", name);
    members.string("passwd", password.text());
    if (members.failed()) return refusal_as_error({kInvalidParams, members.error()});
    Identity identity;
    Refusal refusal;
    if (!identify(connection, identity, refusal)) return refusal_as_result(refusal);
    if (name.empty() || (!identity.administrator && password.text().empty())) return incomplete();
    if (!identity.administrator) {
        if (identity.known() && name != identity.name)
            return refusal_as_result(denied(connection, identity, "rmuser"));
        if (!verify(connection, name, password.text(), refusal)) return refusal_as_result(refusal);
    }
    if (auto removed = store_->remove(name, settings_.group); !removed)
        return refusal_as_result(failed(removed.error()));
    log_change(connection, identity.known() ? identity.name : name, "removed the user " + name);
    if (connection.signed_in == name) connection.sign_out();
    return message("user removed");
}

}  // namespace marmoset::authrpc
