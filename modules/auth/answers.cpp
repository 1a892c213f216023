// The gate: how it grants and how it refuses. Refusals of a password look the same whatever was wrong.
#include <string>

#include "auth/auth_params.h"
#include "base/json_writer.h"
#include "base/pattern.h"
#include "base/percent.h"
#include "base/text.h"
#include "gate.h"
#include "log/logger.h"
#include "net/connection.h"

namespace marmoset::auth_module {

namespace {

constexpr const char* kToken = "X-Auth-Token";
constexpr const char* kUser = "X-Remote-User";
constexpr const char* kGroup = "X-Remote-Group";
constexpr const char* kHome = "X-Remote-Home";
constexpr const char* kText = "text/plain; charset=utf-8";

bool is_script(const http::Request& request) {
    return equal_caseless(request.header("x-requested-with"), "XMLHttpRequest");
}

bool wants_json(const http::Request& request) {
    return is_script(request) ||
           match_pattern_list("application/json", request.joined("accept"), Case::Insensitive).matched;
}

// A browser that shows what it gets, and so can be sent to a page.
bool shows_pages(const http::Request& request) {
    const bool reads = request.method == http::Method::Get || request.method == http::Method::Head;
    return reads && !request.has_upgrade && !is_script(request) &&
           match_pattern_list("text/html", request.joined("accept"), Case::Insensitive).matched;
}

}  // namespace

// ---- granting -------------------------------------------------------------------------------------------

void Gate::identify(http::Exchange& exchange, std::string_view user, std::string_view group,
                    std::string_view home, const char* scheme) {
    http::Identity& identity = exchange.identity;
    identity.user = user;
    identity.group = group;
    identity.home = home;
    identity.scheme = scheme;
    identity.keeper = sessions_.get();
    if (!settings_.header) return;
    http::Response& response = exchange.response;
    response.set(kUser, user);
    if (!group.empty()) response.set(kGroup, group);
    if (settings_.home_header || !home.empty()) response.set(kHome, "~/");
    response.set("Access-Control-Expose-Headers", kUser);
}

http::Verdict Gate::grant(http::Exchange& exchange, const auth::User& user, const char* scheme,
                          Purpose purpose) {
    identify(exchange, user.name, user.effective_group(), user.home, scheme);
    http::Identity& identity = exchange.identity;
    // Of whom only the provider knows there is no account that could change.
    if (store_) identity.mark = tokens_.account_mark(user);
    if (purpose == Purpose::Request && !settings_.cookie && !settings_.header) return let_in(exchange);
    const auto token = tokens_.issue(user, identity.mark, now());
    if (!token) {
        log::error("auth: {}", token.error().text);
        return http::Verdict::fail(500);
    }
    identity.session = session_id(*token);
    identity.expires = now() + settings_.session_seconds;
    if (purpose != Purpose::Token) add_token(exchange, *token, user);
    if (purpose == Purpose::Request) return let_in(exchange);
    log::info("auth: {}: {} signed in", exchange.remote().text(), user.name);
    return signed_in(exchange, *token, purpose);
}

http::Verdict Gate::signed_in(http::Exchange& exchange, const std::string& token, Purpose purpose) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    if (purpose == Purpose::Token) {
        json.member("access_token", token);
        json.member("token_type", "Bearer");
    } else {
        json.member("user", exchange.identity.user);
    }
    json.member("expires_in", static_cast<uint64_t>(settings_.session_seconds));
    json.end_object();
    if (purpose == Purpose::Token || wants_json(exchange.request)) return answer_json(exchange, 200, text);
    const std::string& target = state(exchange).return_to;
    exchange.response.set("Cache-Control", "no-store");
    exchange.response.set("Location", target.empty() ? "/" : target);
    return exchange.respond(303);
}

void Gate::add_token(http::Exchange& exchange, const std::string& token, const auth::User& user) {
    if (settings_.header) exchange.response.set(kToken, token);
    if (!settings_.cookie) return;
    const int64_t seconds = settings_.session_seconds;
    add_cookie(exchange, kToken, token, true, seconds);
    add_cookie(exchange, kUser, percent_encode(user.name, "/"), false, seconds);
    if (!user.group.empty())
        add_cookie(exchange, kGroup, percent_encode(user.effective_group(), "/"), false, seconds);
    if (settings_.home_header || !user.home.empty()) add_cookie(exchange, kHome, "~/", false, seconds);
}

// RFC 6265. `secret`: no script of a page sees it.
void Gate::add_cookie(http::Exchange& exchange, std::string_view name, std::string_view value, bool secret,
                      int64_t seconds, std::string_view path) const {
    std::string cookie(name);
    cookie.append("=").append(value).append("; Path=").append(path);
    cookie.append("; Max-Age=").append(std::to_string(seconds));
    if (seconds == 0) cookie += "; Expires=Thu, 01 Jan 1970 00:00:00 GMT";  // for who knows no Max-Age
    if (secret) cookie += "; HttpOnly";
    if (exchange.secure()) cookie += "; Secure";
    cookie += "; SameSite=Lax";
    exchange.response.add("Set-Cookie", cookie);
}

void Gate::drop_cookies(http::Exchange& exchange) const {
    if (!settings_.cookie) return;
    for (const char* name : {kToken, kUser, kGroup, kHome})
        add_cookie(exchange, name, "", name == kToken, 0);
}

// What a user sees is nobody else's: caches on the way must not keep it. And who was let in without a name,
// and needs one for a module behind (userfilter), is told how to get it (RFC 9110 15.5.2).
void Gate::on_response(http::Exchange& exchange) {
    http::Response& response = exchange.response;
    const bool asks = response.status == 401 && last_ && settings_.type != Type::None;
    if (asks && response.get("WWW-Authenticate").empty() && !wants_json(exchange.request))
        response.set("WWW-Authenticate", challenge(false));
    if (exchange.identity.user.empty() || settings_.type == Type::None) return;
    const std::string control(response.get("Cache-Control"));
    if (list_contains(control, "no-store") || list_contains(control, "private")) return;
    response.set("Cache-Control", control.empty() ? "private" : "private, " + control);
}

// ---- refusing -------------------------------------------------------------------------------------------

http::Verdict Gate::ask(http::Exchange& exchange, bool stale) {
    if (!last_ && exchange.identity.user.empty()) return http::Verdict::next();
    const http::Request& request = exchange.request;
    http::Response& response = exchange.response;
    const auto* known = static_cast<const State*>(exchange.slot(slot_));
    if (known && known->by_cookie) drop_cookies(exchange);
    response.set("Cache-Control", "no-store");
    if (settings_.is_closed(request.path)) return exchange.respond(403, kText, "403 Forbidden\n");
    if (!settings_.signin.empty() && shows_pages(request)) {
        response.set("Location",
                     settings_.signin + "?redirect_uri=" + percent_encode(request.raw_target, "/"));
        return exchange.respond(302);
    }
    if (provider_ && shows_pages(request)) {
        response.set("Location",
                     settings_.auth_ep + "/begin?redirect_uri=" + percent_encode(request.raw_target, "/"));
        return exchange.respond(302);
    }
    // Browsers show a dialog of their own for these two, which a script's page does not want.
    if (shows_dialog() && is_script(request)) return exchange.respond(403, kText, "403 Forbidden\n");
    response.set("WWW-Authenticate", challenge(stale));
    if (wants_json(request)) return answer_json(exchange, 401, R"({"error":"sign-in needed"})");
    return exchange.respond(401, kText, "401 Unauthorized\n");
}

bool Gate::shows_dialog() const {
    return settings_.type == Type::Basic || settings_.type == Type::Digest;
}

std::string Gate::challenge(bool stale) const {
    if (settings_.type == Type::Digest) return digest_challenge(stale);
    auth::AuthSchemeWriter writer(settings_.type == Type::Basic ? "Basic" : "Bearer");
    writer.quoted("realm", settings_.realm);
    if (settings_.type == Type::Basic) writer.quoted("charset", "UTF-8");
    return writer.take();
}

// The page of the form, told of a failure; by a fragment, too, so that it can tell without a script.
std::string Gate::failed_location(std::string_view target) const {
    std::string location = settings_.signin + "?failed=1";
    if (!target.empty()) location += "&redirect_uri=" + percent_encode(target, "/");
    return location + "#failed";
}

http::Verdict Gate::refuse(http::Exchange& exchange, Failure failure, Purpose purpose) {
    http::Response& response = exchange.response;
    if (failure != Failure::Denied) {
        response.set("Retry-After", failure == Failure::Busy ? "1" : "10");
        return http::Verdict::fail(503);
    }
    if (purpose != Purpose::Form) return ask(exchange);
    if (wants_json(exchange.request))
        return answer_json(exchange, 401, R"({"error":"wrong name, password or code"})");
    const std::string& target = state(exchange).return_to;
    response.set("Cache-Control", "no-store");
    response.set("Location", failed_location(target));
    return exchange.respond(303);
}

// Of a sign-in at a provider.
http::Verdict Gate::refuse_sign_in(http::Exchange& exchange, unsigned status, const char* text) {
    const std::string& target = state(exchange).return_to;
    exchange.response.set("Cache-Control", "no-store");
    if (status == 503) exchange.response.set("Retry-After", "1");
    if (settings_.signin.empty() || !shows_pages(exchange.request))
        return exchange.respond(status, kText, text);
    exchange.response.set("Location", failed_location(target));
    return exchange.respond(303);
}

http::Verdict Gate::refuse_for(http::Exchange& exchange, uint64_t seconds) {
    exchange.response.set("Retry-After", std::to_string(seconds));
    const std::string text = "429 too many failed sign-ins; try again in " + std::to_string(seconds) + " s\n";
    if (wants_json(exchange.request)) {
        return answer_json(
            exchange, 429,
            R"({"error":"too many failed sign-ins","retry_after":)" + std::to_string(seconds) + "}");
    }
    return exchange.respond(429, kText, text);
}

http::Verdict Gate::answer_json(http::Exchange& exchange, unsigned status, std::string_view json) const {
    exchange.response.set("Cache-Control", "no-store");
    return exchange.respond(status, "application/json", std::string(json) + "\n");
}

// What the throttle holds back may be any number.
void Gate::log_throttled(const http::Exchange& exchange, std::string_view user) const {
    static log::RateLimit limit;
    if (!limit.permit(now_ms())) return;
    const std::string text = "too many failures before" + limit.suffix();
    log_failure(exchange, user, text.c_str());
}

// Every failure has its line: the throttle bounds how many there are. Never the password, nor what was typed
// in the place of a name.
void Gate::log_failure(const http::Exchange& exchange, std::string_view user, const char* why) const {
    log::warning("auth: {}: {}: {}", exchange.remote().text(),
                 auth::is_valid_user_name(user) ? user : std::string_view("?"), why);
}

}  // namespace marmoset::auth_module
