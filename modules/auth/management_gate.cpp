// The gate: the users' management, at auth_ep/mngt, for those of the group root. What changes something must
// come from a page of this server, or from no page at all.
#include <cerrno>

#include "base/json_writer.h"
#include "base/percent.h"
#include "base/text.h"
#include "gate.h"
#include "log/logger.h"
#include "management.h"
#include "net/connection.h"

namespace marmoset::auth_module {

namespace {

constexpr std::string_view kRoot = "root";
constexpr size_t kUsersAtOnce = 256;
constexpr size_t kMostQueryFields = 8;

bool reads(const http::Request& request) {
    return request.method == http::Method::Get || request.method == http::Method::Head;
}

bool is_json(const http::Request& request) {
    const std::string_view type = request.header("content-type");
    const std::string_view name = trim(type.substr(0, type.find(';')));
    return equal_caseless(name, "application/json") || equal_caseless(name, "text/json");
}

// What the answer is to be: JSON for who names it, text/json as ouistiti's clients do; else a form, as there.
const char* answer_type(const http::Request& request) {
    const std::string accept = request.joined("accept");
    std::string_view list = accept;
    while (const auto range = next_list_element(list)) {
        const std::string_view name = trim(range->substr(0, range->find(';')));
        if (equal_caseless(name, "application/json")) return "application/json";
        if (equal_caseless(name, "text/json")) return "text/json";
    }
    return "application/x-www-form-urlencoded";
}

UserFormat format_of(const http::Request& request) {
    return std::string_view(answer_type(request)).ends_with("/json") ? UserFormat::Json : UserFormat::Form;
}

std::string query_field(const http::Request& request, std::string_view wanted) {
    const auto fields = parse_form(request.target.query, kMostQueryFields);
    if (!fields) return {};
    for (const auto& [name, value] : *fields) {
        if (name == wanted) return value;
    }
    return {};
}

// RFC 8288: where a list goes on.
std::string next_link(std::string_view path, const std::string& last) {
    return "<" + percent_encode(path, "/") + "?after=" + percent_encode(last) + ">; rel=\"next\"";
}

}  // namespace

// `name`: what stands behind auth_ep/mngt in the path, with its slash.
http::Verdict Gate::manage(http::Exchange& exchange, std::string_view name) {
    const http::Request& request = exchange.request;
    const http::Identity& identity = exchange.identity;
    if (identity.user.empty()) return ask(exchange);
    // A token of somebody else may say of anybody that he is root here.
    if (identity.group != kRoot || identity.mark.empty())
        return refuse_management(exchange, {}, Error{"not of the group root", EACCES});
    const std::string site(request.header("sec-fetch-site"));
    if (!reads(request) &&
        (is_foreign_page(exchange) || (!site.empty() && site != "same-origin" && site != "none"))) {
        log_failure(exchange, identity.user, "a change of users by another site's page");
        return http::Verdict::fail(403);
    }
    std::string user(name.empty() ? name : name.substr(1));
    if (user.empty()) user = query_field(request, "user");
    if (reads(request)) return user.empty() ? list_users(exchange) : show_user(exchange, user);
    if (request.method == http::Method::Delete) return remove_user(exchange, user);
    if (request.method != http::Method::Put && request.method != http::Method::Post) {
        exchange.response.set("Allow", "GET, HEAD, POST, PUT, DELETE");
        return http::Verdict::fail(405);
    }
    if (!is_json(request) && !is_form(request)) return http::Verdict::fail(415);
    State& kept = state(exchange);
    kept.manages = true;
    kept.managed = std::move(user);
    return ask_for_body(exchange);
}

http::Verdict Gate::manage_body(http::Exchange& exchange, const std::string& body) {
    const http::Request& request = exchange.request;
    const bool adds = request.method == http::Method::Put;
    auto change = is_json(request) ? parse_user_json(body) : parse_user_form(body);
    std::string name = state(exchange).managed;
    if (change && name.empty() && change->name) name = *change->name;
    if (!change || !auth::is_valid_user_name(name) || (change->name && *change->name != name))
        return refuse_management(exchange, name, Error{"no change of a user", EINVAL});
    // Or nobody might be left who could undo it.
    if (!adds && name == exchange.identity.user && (change->group || change->status))
        return refuse_management(exchange, name, Error{"one's own group and status", EACCES});
    return in_store(exchange, name, adds ? 201 : 200,
                    [store = store_, name, change = *std::move(change), recipe = password_recipe(settings_),
                     adds](std::vector<auth::User>& users) -> Result<void> {
                        auto user = adds ? add_user(*store, name, change, recipe)
                                         : change_user(*store, name, change, recipe);
                        if (!user) return user.error();
                        users.push_back(user.take());
                        return {};
                    });
}

http::Verdict Gate::remove_user(http::Exchange& exchange, const std::string& name) {
    if (name == exchange.identity.user)
        return refuse_management(exchange, name, Error{"one's own account", EACCES});
    return in_store(exchange, name, 204,
                    [store = store_, name](std::vector<auth::User>&) { return store->remove(name); });
}

http::Verdict Gate::show_user(http::Exchange& exchange, const std::string& name) {
    return in_store(exchange, name, 200,
                    [store = store_, name](std::vector<auth::User>& users) -> Result<void> {
                        auto user = find_user(*store, name);
                        if (!user) return user.error();
                        users.push_back(user.take());
                        return {};
                    });
}

http::Verdict Gate::list_users(http::Exchange& exchange) {
    const std::string after = query_field(exchange.request, "after");
    return in_store(exchange, {}, 200,
                    [store = store_, after](std::vector<auth::User>& users) -> Result<void> {
                        auto found = store->list(after, kUsersAtOnce);
                        if (!found) return found.error();
                        users = found.take();
                        return {};
                    });
}

// The store is asked in the pool; an empty name asks for a list.
http::Verdict Gate::in_store(http::Exchange& exchange, const std::string& name, unsigned status,
                             std::function<Result<void>(std::vector<auth::User>&)> work) {
    struct Work {
        Result<void> result;
        std::vector<auth::User> users;
    };
    const auto done = std::make_shared<Work>();
    const bool changes = !reads(exchange.request);
    const bool posted = pool_->post([done, work = std::move(work)] { done->result = work(done->users); },
                                    [this, id = exchange.id(), done, name, status, changes] {
                                        // All workers look now whether somebody's session is over by it.
                                        if (changes && done->result) tables_.revocations.announce();
                                        resume(id, [&](http::Exchange& waiting) {
                                            if (!done->result)
                                                return refuse_management(waiting, name, done->result.error());
                                            return answer_management(waiting, name, status, done->users);
                                        });
                                    });
    return posted ? http::Verdict::wait() : refuse(exchange, Failure::Busy, Purpose::Request);
}

http::Verdict Gate::answer_management(http::Exchange& exchange, const std::string& name, unsigned status,
                                      const std::vector<auth::User>& users) {
    const http::Request& request = exchange.request;
    exchange.response.set("Cache-Control", "no-store");
    if (!reads(request)) {
        log::info("auth: {}: {} has {} the user {}", exchange.remote().text(), exchange.identity.user,
                  status == 201   ? "added"
                  : status == 204 ? "removed"
                                  : "changed",
                  name);
    }
    if (status == 204) return exchange.respond(204);
    const UserFormat format = format_of(request);
    if (name.empty() && users.size() == kUsersAtOnce)
        exchange.response.set("Link", next_link(request.path, users.back().name));
    const std::string text = name.empty() ? write_users(users, format) : write_user(users.front(), format);
    return exchange.respond(status, answer_type(request), text);
}

http::Verdict Gate::refuse_management(http::Exchange& exchange, const std::string& name, const Error& error) {
    const UserFailure failure = user_failure(error);
    if (failure.status == 500) log::error("auth: {}", error.text);
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.member("method", exchange.request.method_name);
    json.member("user", name);
    json.member("error", failure.text);
    json.end_object();
    return answer_json(exchange, failure.status, text);
}

}  // namespace marmoset::auth_module
