// userfilter: what users may do, by rules in a database. In: requests that `auth` has let in. Out: those that
// a rule permits; 401 for nobody in particular, 403 for the others. The superuser reads and changes the rules
// at `configuri`.
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>

#include "base/pattern.h"
#include "log/logger.h"
#include "module/adapter.h"
#include "rest.h"
#include "rule_cache.h"

namespace marmoset::userfilter {

class UserFilter final : private http::BodyReader, private http::PathGuard {
  public:
    static constexpr const char* kName = "userfilter";
    static constexpr const char* kHelp = "lets users do what rules in a database permit";
    static constexpr module::Phase kPhase = module::Phase::Access;
    static constexpr uint8_t kOrder = 110;  // behind auth, which finds out who asks
    static constexpr std::array kKeys = {
        config::Key{.name = "dbname",
                    .type = config::Type::String,
                    .default_text = nullptr,
                    .help = "SQLite database of the rules; made when it is missing and configuri is set."},
        config::Key{.name = "superuser",
                    .type = config::Type::String,
                    .default_text = "root",
                    .help = "User that the role superuser means, and that alone may change the rules."},
        config::Key{
            .name = "configuri",
            .type = config::Type::String,
            .default_text = nullptr,
            .help = "Pattern of the path where the superuser lists (GET), adds (PUT) and removes (DELETE) "
                    "rules: \"^/auth/filter*\"; unset: nowhere.",
            .alias = "urlpath"},
        config::Key{.name = "allow",
                    .type = config::Type::String,
                    .default_text = "",
                    .help = "Patterns of paths that need no rule."},
    };

    static Result<std::unique_ptr<UserFilter>> create(const module::Context& context,
                                                      const config::Section& section) {
        auto filter = std::make_unique<UserFilter>();
        filter->slot_ = context.slot;
        filter->superuser_ = section.string("superuser");
        filter->configuration_uri_ = section.string("configuri");
        filter->allow_ = section.string("allow");
        const std::string& uri = filter->configuration_uri_;
        if (!uri.empty() && !uri.starts_with("^/"))
            return section.error("configuri", "\"" + uri + "\" does not begin with ^/");
        if (section.string("dbname").empty())
            return section.error("dbname", "not set; expected the database of the rules");
        // Workers open it again, and stand in another folder perhaps.
        std::error_code ignored;
        const std::string path = std::filesystem::absolute(section.string("dbname"), ignored).string();
        if (context.check_only) return filter;
        RuleStore store(path);
        if (!uri.empty()) {
            const bool there = std::filesystem::exists(path, ignored);
            if (auto made = store.make(uri); !made) return section.error("dbname", made.error().text);
            if (!there) give_away(path, context);
        }
        auto rules = store.read_changed();
        if (!rules) return section.error("dbname", rules.error().text);
        // One table for all: only its epoch is used.
        SharedTable* shared =
            context.shared ? &context.shared->table("userfilter", 1, SharedTable::WhenFull::Forget) : nullptr;
        filter->cache_ = std::make_unique<RuleCache>(path, rules.take(), shared);
        return filter;
    }

    Result<void> start(module::Worker& worker) {
        worker_ = &worker;
        cache_->start(worker.loop);
        return {};
    }

    http::Verdict on_request(http::Exchange& exchange) {
        const std::string_view path = exchange.request.path;
        if (match_pattern_list(allow_, path).matched) {
            exchange.add_guard(*this);
            return http::Verdict::next();
        }
        if (cache_->fresh()) return decide(exchange);
        cache_->refresh([this, id = exchange.id()] {
            http::Exchange* const asked = worker_->exchanges.find(id);
            if (asked) asked->resume(decide(*asked));  // also with Wait: a body is read on then
        });
        return http::Verdict::wait();
    }

    void on_done(http::Exchange& exchange, bool /*aborted*/) {
        delete static_cast<std::string*>(exchange.slot(slot_));
        exchange.slot(slot_) = nullptr;
    }

  private:
    http::Verdict decide(http::Exchange& exchange) {
        const RuleSet* const rules = cache_->rules();
        if (!rules) return http::Verdict::fail(503);
        const http::Request& request = exchange.request;
        const Asker asker = asker_of(exchange);
        const bool configures = match_pattern_list(configuration_uri_, request.path).matched;
        if (!(configures ? asker.superuser : rules->permits(request.method_name, request.path, asker)))
            return http::Verdict::fail(exchange.identity.user.empty() ? 401 : 403);
        if (configures) return configure(exchange, *rules);
        exchange.add_guard(*this);
        return http::Verdict::next();
    }

    // A path that is permitted may lead to a server by another name: a websocket's subprotocol names it, or
    // the path's beginning.
    bool permits(const http::Exchange& exchange, std::string_view name) const override {
        const http::Request& request = exchange.request;
        if (match_server_path(allow_, name, request.path)) return true;
        const RuleSet* const rules = cache_->rules();
        return rules && rules->permits_server(request.method_name, name, request.path, asker_of(exchange));
    }

    Asker asker_of(const http::Exchange& exchange) const {
        const http::Identity& identity = exchange.identity;
        return {identity.user, identity.group, identity.home,
                !superuser_.empty() && identity.user == superuser_};
    }

    http::Verdict configure(http::Exchange& exchange, const RuleSet& rules) {
        exchange.response.set("Cache-Control", "no-store");
        switch (exchange.request.method) {
            case http::Method::Get:
            case http::Method::Head:
                return exchange.respond(200, "application/json", write_rules(rules));
            case http::Method::Put:
                exchange.slot(slot_) = new std::string;
                return exchange.read_body(this) ? http::Verdict::wait() : http::Verdict::fail(411);
            case http::Method::Delete:
                return remove(exchange);
            default:
                exchange.response.set("Allow", "GET, HEAD, PUT, DELETE");
                return http::Verdict::fail(405);
        }
    }

    http::Verdict on_body(http::Exchange& exchange, Bytes piece) override {
        auto& body = *static_cast<std::string*>(exchange.slot(slot_));
        if (body.size() + piece.size() > kLargestForm) return http::Verdict::fail(413);
        body += as_text(piece);
        return http::Verdict::wait();
    }

    http::Verdict on_body_end(http::Exchange& exchange) override {
        const auto rule = parse_rule_form(*static_cast<std::string*>(exchange.slot(slot_)));
        if (!rule) return http::Verdict::fail(400);
        log::info("userfilter: {} adds {} for {} on {}", exchange.identity.user, rule->method, rule->role,
                  rule->expression);
        return change(exchange, [rule = *rule](RuleStore& store) -> Result<bool> {
            auto added = store.add(rule);
            if (!added) return added.error();
            return true;
        });
    }

    http::Verdict remove(http::Exchange& exchange) {
        const auto id = parse_rule_path(exchange.request.path);
        if (!id) return http::Verdict::fail(404);
        log::info("userfilter: {} removes rule {}", exchange.identity.user, *id);
        return change(exchange, [id = *id](RuleStore& store) { return store.remove(id); });
    }

    http::Verdict change(http::Exchange& exchange, std::function<Result<bool>(RuleStore&)> change) {
        cache_->change(std::move(change), [this, id = exchange.id()](const Result<bool>& changed) {
            http::Exchange* const asked = worker_->exchanges.find(id);
            if (asked) asked->resume(answer(*asked, changed));
        });
        return http::Verdict::wait();
    }

    static http::Verdict answer(http::Exchange& exchange, const Result<bool>& changed) {
        if (changed) return *changed ? exchange.respond(204) : http::Verdict::fail(404);
        switch (changed.error().code) {
            case EINVAL:
                return http::Verdict::fail(400);
            case ENOSPC:
                return http::Verdict::fail(507);
            default:
                log::error("userfilter: {}", changed.error().text);
                return http::Verdict::fail(503);
        }
    }

    // What root has made the workers must be able to change.
    static void give_away(const std::string& path, const module::Context& context) {
        if (geteuid() != 0 || context.user.empty()) return;
        const passwd* user = getpwnam(context.user.c_str());
        if (!user) return;
        const ::group* group = context.group.empty() ? nullptr : getgrnam(context.group.c_str());
        if (chown(path.c_str(), user->pw_uid, group ? group->gr_gid : user->pw_gid) != 0)
            log::warning("{}", errno_error("chown", path, errno).text);
    }

    unsigned slot_ = 0;
    std::string superuser_, configuration_uri_, allow_;
    std::unique_ptr<RuleCache> cache_;  // null: the configuration is checked only
    module::Worker* worker_ = nullptr;
};

}  // namespace marmoset::userfilter

using UserFilterModule = marmoset::userfilter::UserFilter;
MARMOSET_MODULE(UserFilterModule, userfilter)
