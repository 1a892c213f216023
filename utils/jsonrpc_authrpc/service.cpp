// What the methods have in common: who calls, whether a password is right, what is logged.
#include "service.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"

namespace marmoset::authrpc {

using namespace jsonrpc;

namespace {

constexpr size_t kFailuresKept = 8192;

// What was typed in the place of a name may be a password: only what could be a name is logged.
std::string_view loggable(std::string_view name) {
    return auth::is_valid_user_name(name) ? name : std::string_view("?");
}

std::string from(const Connection& connection) {
    return connection.address.empty() ? "unknown address" : connection.address;
}

// One with a key of the user's own. Where the gate derives keys from its secret, the database does not tell.
bool has_second_factor(const auth::User& user) {
    return !user.totp_key.empty() &&
           std::none_of(user.factors_off.begin(), user.factors_off.end(),
                        [](const std::string& factor) { return equal_caseless(factor, "totp"); });
}

// The gate has asked that session for all it asks for. A user of that name whom another store vouches for may
// be somebody else: the group tells.
bool is_session_of(const Connection& connection, const auth::User& user) {
    return connection.user == user.name && connection.group == user.effective_group();
}

// A code is good once, and which ones were used only the gate knows: it alone takes them.
bool needs_gate(const Connection& connection, const auth::User& user) {
    return has_second_factor(user) && !is_session_of(connection, user);
}

}  // namespace

std::string throttle_source(const std::string& address) {
    unsigned char bytes[16];
    if (inet_pton(AF_INET, address.c_str(), bytes) == 1) return {reinterpret_cast<char*>(bytes), 4};
    if (inet_pton(AF_INET6, address.c_str(), bytes) == 1) return {reinterpret_cast<char*>(bytes), 8};
    return {};
}

const char* algorithm_name(const auth::User& user) {
    const auth::StoredPassword form = auth::parse_stored_password(user.password);
    const bool digest =
        form.kind == auth::StoredPassword::Kind::Digest || form.kind == auth::StoredPassword::Kind::RealmHash;
    if (!digest) return "";
    switch (form.algorithm) {
        case DigestAlgorithm::Md5:
            return "MD5";
        case DigestAlgorithm::Sha256:
            return "SHA-256";
        case DigestAlgorithm::Sha512:
            return "SHA-512";
        case DigestAlgorithm::Sha512_256:
            return "SHA-512-256";
        case DigestAlgorithm::Sha1:
            break;
    }
    return "";
}

Service::Service(Settings settings, std::shared_ptr<auth::SqliteStore> store, Log log, Clock clock)
    : settings_(std::move(settings)),
      store_(std::move(store)),
      check_(store_),
      failures_(kFailuresKept, SharedTable::WhenFull::Forget),
      throttle_(failures_, settings_.throttle),
      log_(std::move(log)),
      now_ms_(std::move(clock)) {}

Result<std::unique_ptr<Service>> Service::open(Settings settings, Log log, Clock clock) {
    auto store = auth::SqliteStore::open(settings.dbname, settings.issuer);
    if (!store) return store.error();
    return std::unique_ptr<Service>(
        new Service(std::move(settings), store.take(), std::move(log), std::move(clock)));
}

// An attempt counts as a failure until it is known to be none. Unknown names, wrong passwords, accounts that
// are not active and those with a second factor look the same and take as long.
std::optional<auth::User> Service::verify(const Connection& connection, const std::string& name,
                                          const std::string& password, Refusal& refusal) {
    if (!settings_.signin && connection.user != name) {
        refusal = {kDenied, "sign in at the gate"};
        return std::nullopt;
    }
    const std::string source = throttle_source(connection.address);
    if (const uint64_t seconds = throttle_.begin(name, source, now_ms_())) {
        refusal = {kThrottled, "too many failures, try again in " + std::to_string(seconds) + " s"};
        refusal.more = Json(json_object());
        json_object_set_new(refusal.more.get(), "retry_after",
                            json_integer(static_cast<json_int_t>(seconds)));
        return std::nullopt;
    }
    auto user = check_.verify(name, password, settings_.recipe.realm);
    if (!user) {
        throttle_.take_back(name, source, now_ms_());
        refusal = failed(user.error());
        return std::nullopt;
    }
    const char* const wrong = !*user                           ? "wrong name or password"
                              : !(*user)->may_sign_in()        ? "the account is not active"
                              : needs_gate(connection, **user) ? "a password without the second factor"
                                                               : nullptr;
    if (wrong) {
        log_(Level::Warning,
             "authrpc: " + from(connection) + ": " + std::string(loggable(name)) + ": " + wrong);
        refusal = {kRefused, "user or password not found"};
        return std::nullopt;
    }
    throttle_.succeeded(name, source, now_ms_());
    return std::move(**user);
}

// The database is asked each time: a new password, another group, a removal count from the next call on.
bool Service::identify(Connection& connection, Identity& identity, Refusal& refusal) {
    if (!connection.signed_in.empty()) {
        auto user = store_->find(connection.signed_in);
        if (!user) return refusal = failed(user.error()), false;
        if (*user && (*user)->may_sign_in() && (*user)->password == connection.stored.text() &&
            !needs_gate(connection, **user)) {
            identity.source = Identity::Source::Auth;
            identity.name = connection.signed_in;
            identity.administrator = (*user)->effective_group() == settings_.group;
            identity.user = std::move(**user);
            return true;
        }
        connection.sign_out();
    }
    if (connection.user.empty()) return true;
    auto user = store_->find(connection.user);
    if (!user) return refusal = failed(user.error()), false;
    const bool member = connection.group == settings_.group;
    if (!*user) {
        identity.administrator = member && settings_.foreign;
    } else if ((*user)->may_sign_in()) {
        // Both say so: a user of that name whom another store vouches for may be somebody else.
        identity.administrator = member && (*user)->effective_group() == settings_.group;
        identity.user = std::move(**user);
    } else {
        return true;  // shut out since the session began
    }
    identity.source = Identity::Source::Gateway;
    identity.name = connection.user;
    return true;
}

bool Service::administrator(Connection& connection, Identity& identity, const char* method,
                            Refusal& refusal) {
    if (!identify(connection, identity, refusal)) return false;
    if (!identity.administrator) refusal = denied(connection, identity, method);
    return identity.administrator;
}

// A password that Digest works with stays one, unless the settings say what passwords are to be.
bool Service::hash(const std::string& name, const std::string& stored_before, const std::string& password,
                   std::string& stored, Refusal& refusal) const {
    auth::PasswordRecipe recipe = settings_.recipe;
    const auth::StoredPassword before = auth::parse_stored_password(stored_before);
    if (!settings_.has_recipe && before.kind == auth::StoredPassword::Kind::RealmHash &&
        before.realm.size() < auth::kStoredRealm) {
        recipe.form = auth::PasswordForm::RealmHash;
        recipe.algorithm = before.algorithm;
        recipe.realm = before.realm;
    }
    auto made = auth::make_password(recipe, name, password);
    if (!made) return refusal = failed(made.error()), false;
    stored = made.take();
    return true;
}

Refusal Service::failed(const Error& error) const {
    switch (error.code) {
        case EINVAL:
            if (error.text.starts_with(settings_.dbname)) break;  // SQLite's words, about the file
            return {kRefused, error.text};
        case ENOENT:
        case ECANCELED:
            return {kRefused, "user or password not found"};
        case EEXIST:
        case EPERM:
            return {kConflict, error.text};
        default:
            break;
    }
    // Names of files are the log's affair.
    log_(Level::Error, "authrpc: " + error.text);
    return {kUnavailable, "the users can't be read or changed now"};
}

Refusal Service::denied(const Connection& connection, const Identity& identity, const char* method) const {
    if (denied_limit_.permit(now_ms_())) {
        log_(Level::Warning, "authrpc: " + from(connection) + ": " +
                                 (identity.known() ? identity.name : std::string("nobody")) +
                                 " may not: " + method + denied_limit_.suffix());
    }
    return {kDenied, "permission denied"};
}

void Service::log_change(const Connection& connection, const std::string& who,
                         const std::string& what) const {
    log_(Level::Info, "authrpc: " + from(connection) + ": " + who + " " + what);
}

}  // namespace marmoset::authrpc
