// The gate: what it answers by itself, below auth_ep and at token_ep. In: requests that are identified, or
// not. Out: answers; nullopt for all other paths.
#include "base/base64.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "gate.h"
#include "log/logger.h"
#include "net/connection.h"

namespace marmoset::auth_module {

namespace {

http::Verdict not_allowed(http::Exchange& exchange, const char* allowed) {
    exchange.response.set("Allow", allowed);
    return http::Verdict::fail(405);
}

// Members of an object that is begun already.
void write_identity(JsonWriter& json, const http::Identity& identity) {
    json.member("user", identity.user);
    json.member("group", identity.group);
    json.member("home", identity.home);
    json.member("scheme", identity.scheme);
    if (identity.expires > 0) json.member("expires", static_cast<uint64_t>(identity.expires));
}

}  // namespace

bool Gate::is_form(const http::Request& request) {
    const std::string_view type = request.header("content-type");
    return equal_caseless(trim(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded");
}

std::optional<http::Verdict> Gate::at_endpoint(http::Exchange& exchange) {
    const http::Request& request = exchange.request;
    const std::string_view path = request.path;
    const bool reads = request.method == http::Method::Get || request.method == http::Method::Head;
    const bool posts = request.method == http::Method::Post;
    const bool identified = !exchange.identity.user.empty();
    if (settings_.token && path == settings_.token_ep) {
        if (!reads && !posts) return not_allowed(exchange, "GET, HEAD, POST");
        if (identified) return hand_out_token(exchange);
        return posts && store_ && is_form(request) ? read_form(exchange) : ask(exchange);
    }
    if (!path.starts_with(settings_.auth_ep)) return std::nullopt;
    const std::string_view below = path.substr(settings_.auth_ep.size());
    if (below.empty()) {
        if (reads) return tell_identity(exchange);
        if (request.method == http::Method::Delete) return sign_out(exchange, false);
        if (!posts) return not_allowed(exchange, "GET, HEAD, POST, DELETE");
        return settings_.type == Type::Form ? read_form(exchange) : tell_identity(exchange);
    }
    if (provider_ && (below == "/begin" || below == "/callback")) {
        if (!reads) return not_allowed(exchange, "GET, HEAD");
        return below == "/begin" ? begin_at_provider(exchange) : return_from_provider(exchange);
    }
    if (settings_.management && (below == "/mngt" || below.starts_with("/mngt/")))
        return manage(exchange, below.substr(5));
    if (below == "/session") {
        return reads ? tell_session(exchange) : not_allowed(exchange, "GET, HEAD");
    }
    if (below == "/signout") return posts ? sign_out(exchange, false) : not_allowed(exchange, "POST");
    if (below == "/ticket") {
        if (!posts) return not_allowed(exchange, "POST");
        return identified ? hand_out_ticket(exchange) : ask(exchange);
    }
    return std::nullopt;
}

http::Verdict Gate::tell_identity(http::Exchange& exchange) {
    const http::Identity& identity = exchange.identity;
    if (identity.user.empty()) return ask(exchange);
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    write_identity(json, identity);
    json.end_object();
    return answer_json(exchange, 200, text);
}

// For pages that look different to those who are signed in: not to be is no error, nor is anybody asked.
http::Verdict Gate::tell_session(http::Exchange& exchange) {
    const http::Identity& identity = exchange.identity;
    const auto* known = static_cast<const State*>(exchange.slot(slot_));
    if (identity.user.empty() && known && known->by_cookie) drop_cookies(exchange);
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.key("signed_in");
    json.boolean(!identity.user.empty());
    if (!settings_.signin.empty()) json.member("signin", settings_.signin);
    if (!identity.user.empty()) write_identity(json, identity);
    json.end_object();
    return answer_json(exchange, 200, text);
}

// ---- forms ----------------------------------------------------------------------------------------------

http::Verdict Gate::read_form(http::Exchange& exchange) {
    // A page of another site must not sign its visitor in, as somebody else.
    if (is_foreign_page(exchange)) {
        log_failure(exchange, {}, "a form of another site's page");
        return http::Verdict::fail(403);
    }
    if (!is_form(exchange.request)) return http::Verdict::fail(415);
    return ask_for_body(exchange);
}

http::Verdict Gate::ask_for_body(http::Exchange& exchange) {
    State& kept = state(exchange);
    kept.body.clear();
    kept.reads = exchange.read_body(this);
    return kept.reads ? http::Verdict::wait() : http::Verdict::fail(411);
}

http::Verdict Gate::on_body(http::Exchange& exchange, Bytes piece) {
    std::string& body = state(exchange).body;
    if (body.size() + piece.size() > kLargestForm) return http::Verdict::fail(413);
    body.append(as_text(piece));
    return http::Verdict::wait();
}

http::Verdict Gate::on_body_end(http::Exchange& exchange) {
    State& kept = state(exchange);
    const std::string body = std::move(kept.body);
    if (kept.manages) return manage_body(exchange, body);
    const auto form = Form::parse(body);
    if (!form) return http::Verdict::fail(400);
    // The names of ouistiti's form, and those that browsers' password stores know.
    const std::string_view target = form->find({"redirect_uri"});
    if (is_local_target(target)) kept.return_to = target;
    const bool for_token = settings_.token && exchange.request.path == settings_.token_ep;
    return by_password(
        exchange,
        {std::string(form->find({"username", "user"})), std::string(form->find({"password", "passwd"})),
         std::string(form->find({"otp", "code"})), for_token ? Purpose::Token : Purpose::Form});
}

// ---- tokens, tickets, the end ---------------------------------------------------------------------------

http::Verdict Gate::hand_out_token(http::Exchange& exchange) {
    const http::Identity& identity = exchange.identity;
    // A token does not beget another: its session would have no end.
    const bool by_password = identity.scheme == "Basic" || identity.scheme == "Digest";
    if (!by_password || settings_.totp) return ask(exchange);
    const Account* account = accounts_->recent(identity.user);
    if (!account || !account->may_sign_in()) return refuse(exchange, Failure::Busy, Purpose::Token);
    const auto token = tokens_.issue(account->user, tokens_.account_mark(account->user), now());
    if (!token) return http::Verdict::fail(500);
    return signed_in(exchange, *token, Purpose::Token);
}

http::Verdict Gate::hand_out_ticket(http::Exchange& exchange) {
    const http::Identity& identity = exchange.identity;
    Session session;
    session.user = identity.user;
    session.group = identity.group;
    session.home = identity.home;
    session.expires = identity.expires;
    session.id = identity.session;
    session.mark = identity.mark;
    const auto ticket = tokens_.issue_ticket(session, now());
    if (!ticket) return http::Verdict::fail(500);
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.member("ticket", *ticket);
    json.member("protocol", "ticket." + *ticket);
    json.member("expires_in", static_cast<uint64_t>(Tokens::kTicketSeconds));
    json.end_object();
    return answer_json(exchange, 200, text);
}

// `ask_again`: ouistiti's way, where a browser is asked for another name and password.
http::Verdict Gate::sign_out(http::Exchange& exchange, bool ask_again) {
    http::Identity& identity = exchange.identity;
    // Nor must a page of another site sign its visitor out: where the browser keeps the cookie back, the
    // answer would still take it away.
    if (identity.scheme != "Bearer" && is_foreign_page(exchange)) {
        log_failure(exchange, identity.user, "a sign-out of another site's page");
        return http::Verdict::fail(403);
    }
    const std::string user = identity.user;
    const bool has_session = identity.expires > 0 && !user.empty();
    if (has_session && !sessions_->revoke(identity.session, identity.expires - now())) {
        log::error("auth: no room to remember that {} has signed out", user);
        return refuse(exchange, Failure::Busy, Purpose::Request);
    }
    if (!user.empty()) log::info("auth: {}: {} signed out", exchange.remote().text(), user);
    if (!has_session || settings_.revocations.empty()) return signed_out(exchange, ask_again);
    // Whoever is told that the session is over finds it over after a restart, too.
    const auto kept = std::make_shared<Result<void>>();
    const auto answer = [this, id = exchange.id(), kept, ask_again] {
        if (!*kept) log::error("auth: a sign-out may be forgotten by a restart: {}", kept->error().text);
        resume(id, [&](http::Exchange& waiting) { return signed_out(waiting, ask_again); });
    };
    const bool posted =
        pool_->post([kept, path = settings_.revocations, one = Revocation{identity.session, identity.expires},
                     time = now()] { *kept = RevocationFile(path).append(one, time); },
                    answer);
    if (posted) return http::Verdict::wait();
    log::error("auth: a sign-out may be forgotten by a restart: too many at a time");
    return signed_out(exchange, ask_again);
}

http::Verdict Gate::signed_out(http::Exchange& exchange, bool ask_again) {
    exchange.identity.clear();
    drop_cookies(exchange);
    if (ask_again) return ask(exchange);
    exchange.response.set("Cache-Control", "no-store");
    return exchange.respond(204);
}

}  // namespace marmoset::auth_module
