#include "settings.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "auth/digest_access.h"
#include "auth/password_check.h"
#include "base/base64.h"
#include "base/file_descriptor.h"
#include "base/pattern.h"
#include "base/random.h"
#include "base/text.h"
#include "first_user.h"
#include "log/logger.h"

namespace marmoset::auth_module {

namespace {

constexpr size_t kLargestKeyFile = 65536;
constexpr size_t kSecretBytes = 32;

Result<std::string> read_file(const std::string& path) {
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return errno_error("open", path, errno);
    std::string text(kLargestKeyFile, '\0');
    const ssize_t count = read(file.get(), text.data(), text.size());
    if (count < 0) return errno_error("read", path, errno);
    if (static_cast<size_t>(count) == text.size()) return Error{path + ": larger than 64 KiB", EFBIG};
    text.resize(static_cast<size_t>(count));
    return text;
}

// Made beside and linked into its place: of two that start at once both have the secret of one.
Result<void> make_secret_file(const std::string& path) {
    uint8_t bytes[kSecretBytes];
    random_bytes(bytes);
    const std::string text = base64url_encode(bytes) + "\n";
    const std::string fresh = path + "." + std::to_string(getpid());
    const FileDescriptor file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return errno_error("open", fresh, errno);
    const bool written = write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         fsync(file.get()) == 0;
    const bool linked = written && (link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST);
    const int error = errno;
    unlink(fresh.c_str());
    return linked ? Result<void>() : errno_error("write", path, error);
}

Result<std::string> read_secret(const module::Context& context, const config::Section& section) {
    const std::string path(section.string("secret_file"));
    if (section.has("secret")) {
        if (!path.empty()) return section.error("secret_file", "secret is set, too; expected one of them");
        std::string secret(section.string("secret"));
        if (secret.empty()) return section.error("secret", "is empty; expected 32 bytes or more");
        if (secret.size() < auth::kSmallestSharedSecret && !context.check_only) {
            log::warning("{}: secret: {} bytes can be guessed; expected {} or more (openssl rand -base64 32)",
                         section.location("secret"), secret.size(), auth::kSmallestSharedSecret);
        }
        return secret;
    }
    if (path.empty()) return hmac(DigestAlgorithm::Sha256, context.shared->secret(), {"marmoset session"});
    auto text = read_file(path);
    if (!text && text.error().code == ENOENT && !context.check_only) {
        const auto made = make_secret_file(path);
        if (!made) return section.error("secret_file", made.error().text);
        text = read_file(path);
    }
    if (!text) {
        if (context.check_only) return std::string(kSecretBytes, 'x');  // nothing will be signed
        return section.error("secret_file", text.error().text);
    }
    std::string secret(trim(text->substr(0, text->find('\n'))));
    if (secret.size() < auth::kSmallestSharedSecret)
        return section.error("secret_file", path + " holds less than 32 bytes");
    return secret;
}

// What the privileged process has made, the workers are to read and write.
void give_to_workers(const module::Context& context, const std::string& path) {
    if (geteuid() != 0 || context.user.empty()) return;
    const passwd* user = getpwnam(context.user.c_str());
    const group* group = context.group.empty() ? nullptr : getgrnam(context.group.c_str());
    if (!user) return;  // told where the user is looked up for the workers
    // Where workers may write they could have put a link to something else there.
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1) {
        log::warning("{}: not given to {}: no file of its own", path, context.user);
        return;
    }
    if (fchown(file.get(), user->pw_uid, group ? group->gr_gid : user->pw_gid) != 0)
        log::warning("{}", errno_error("chown", path, errno).text);
}

bool names_users(const config::Section& section) {
    return section.has("user") || section.has("file") || section.has("dbname");
}

// The user that ouistiti's databases come with.
void warn_of_known_password(const config::Section& section, const char* key,
                            const std::shared_ptr<auth::UserStore>& store, const std::string& realm) {
    const bool is_own = store->kind() == "sqlite" || store->kind() == "file";
    if (!is_own) return;
    const auto root = auth::PasswordCheck(store).verify("root", "root", realm);
    if (root && *root && (*root)->may_sign_in()) {
        log::warning(
            "{}: the user root has the password root, which everybody knows; marmoset_passwd changes it",
            section.location(key));
    }
}

Result<void> read_store(const module::Context& context, const config::Section& section, Settings& settings) {
    const std::string authz(section.string("authz"));
    const bool named = !authz.empty() || names_users(section);
    // As ouistiti has it, what names users comes before the option jwt.
    if (equal_caseless(authz, "jwt") || (!named && section.has_word("options", "jwt"))) {
        if (settings.type != Type::Bearer)
            return section.error("authz", "jwt goes with type = \"Bearer\" only: it knows no passwords");
        return {};
    }
    auth::UserStoreSettings& keys = settings.store_keys;
    keys.authz = authz;
    for (char& c : keys.authz)
        c = to_lower(c);
    keys.user = section.string("user");
    keys.passwd = section.string("passwd");
    keys.group = section.string("group");
    keys.home = section.string("home");
    keys.file = section.string("file");
    keys.dbname = section.string("dbname");
    if (!named && (settings.type == Type::Bearer || settings.type == Type::OAuth2)) return {};
    if (!named) {
        return section.error("type", "there are no users; expected dbname, file, user with passwd, or authz");
    }
    settings.has_store = true;
    if (context.check_only) return {};  // neither made nor opened: nothing will be served
    const char* const key = !keys.dbname.empty() ? "dbname" : !keys.file.empty() ? "file" : "user";
    const bool was_there = access(keys.dbname.c_str(), F_OK) == 0;
    auto store = auth::open_user_store(keys);
    if (!store) return section.error(key, store.error().text);
    const bool is_database = (*store)->kind() == "sqlite";
    if (is_database && !was_there) give_to_workers(context, keys.dbname);
    if (settings.type == Type::Digest && (*store)->kind() == "unix")
        return section.error("type",
                             "Digest can't use the system's password forms; expected Basic or wwwform");
    // At a provider somebody may well have the name of that first user.
    if (!settings.provider) {
        const auto first = make_first_user(**store, settings);
        if (!first) return section.error(key, first.error().text);
        warn_of_known_password(section, key, *store, settings.realm);
    }
    if (settings.management && !(*store)->can_change()) {
        return section.error("options", "management: users of \"" + std::string((*store)->kind()) +
                                            "\" can't be changed here; expected dbname or file");
    }
    // A database's connection does not survive a fork: each worker opens it anew.
    if (!is_database) settings.store = store.take();
    return {};
}

Result<std::string> read_path(const config::Section& section, const char* key) {
    std::string path(section.string(key));
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    if (path.size() < 2 || path.front() != '/' || path[1] == '/')
        return section.error(key, "\"" + path + "\" is not a path below /");
    return path;
}

Result<void> read_places(const config::Section& section, Settings& settings) {
    // As ouistiti has it, the provider's stand in the place of ours.
    settings.auth_ep = "/auth";
    if (!settings.provider || !is_url(section.string("auth_ep"))) {
        auto auth_ep = read_path(section, "auth_ep");
        if (!auth_ep) return auth_ep.error();
        settings.auth_ep = auth_ep.take();
    }
    settings.token_ep = settings.auth_ep + "/token";
    if (section.has("token_ep") && !(settings.provider && is_url(section.string("token_ep")))) {
        auto token_ep = read_path(section, "token_ep");
        if (!token_ep) return token_ep.error();
        settings.token_ep = token_ep.take();
    }
    if (section.has("signin")) {
        auto signin = read_path(section, "signin");
        if (!signin) return signin.error();
        settings.signin = signin.take();
    }
    return {};
}

Result<void> check_combination(const config::Section& section, Settings& settings) {
    if (settings.type == Type::Form) {
        if (settings.signin.empty())
            return section.error("signin", "not set; type = \"wwwform\" needs the page that has the form");
        settings.cookie = true;  // or the sign-in would be for nothing
    }
    if (settings.type == Type::OAuth2) {
        if (section.has("user") || section.has("passwd")) {
            return section.error(section.has("user") ? "user" : "passwd",
                                 "the provider knows who signs in; expected dbname or file, or neither");
        }
        if (settings.token)
            return section.error("options", "token is given for a password; those are the provider's");
        settings.cookie = true;
    }
    if (section.has_word("options", "redirect") && settings.signin.empty())
        return section.error("signin", "not set; the option redirect needs the page to go to");
    if (settings.totp && settings.type != Type::Form && settings.type != Type::Bearer) {
        return section.error("options",
                             "totp asks for a code at a sign-in; expected type = \"wwwform\" or \"Bearer\"");
    }
    if (section.has_word("options", "chown")) {
        return section.error("options",
                             "chown: ouistiti gives the process of each client the rights of its user; a "
                             "process here serves many and has given its privileges away for good");
    }
    if (settings.management && !section.has("dbname") && !section.has("file"))
        return section.error("options", "management: there are no users to manage; expected dbname or file");
    if (settings.totp && !settings.token && settings.type == Type::Bearer)
        return section.error("options", "totp without token: nobody would be asked for a code");
    if (settings.token && settings.type == Type::Bearer && !section.has("authz") && !names_users(section)) {
        return section.error("options", "token: there are no users to hand tokens out to");
    }
    if (settings.token_ep == settings.auth_ep)
        return section.error("token_ep", "is auth_ep; expected another path");
    return {};
}

// Where sessions outlive a restart, their ends must, too.
void choose_revocations(const module::Context& context, const config::Section& section, Settings& settings) {
    const std::string secret_file(section.string("secret_file")), dbname(section.string("dbname"));
    settings.revocations = section.string("revocations");
    const bool lasts = section.has("secret") || !secret_file.empty();
    if (!settings.revocations.empty() || !lasts) return;
    if (!secret_file.empty() || !dbname.empty()) {
        settings.revocations = (!secret_file.empty() ? secret_file : dbname) + ".revoked";
    } else if ((settings.has_store || settings.provider) && settings.issues_tokens() && !context.check_only) {
        log::warning("{}: secret: sign-outs are forgotten by a restart; set revocations, or secret_file",
                     section.location("secret"));
    }
}

Result<void> read_foreign_key(const config::Section& section, Settings& settings) {
    if (!section.has("token_key")) return {};
    auto pem = read_file(std::string(section.string("token_key")));
    if (!pem) return section.error("token_key", pem.error().text);
    auto key = auth::TokenKey::from_pem(*pem);
    if (!key) return section.error("token_key", key.error().text);
    settings.foreign_key = key.take();
    return {};
}

Type parse_type(std::string_view name) {
    if (equal_caseless(name, "Basic")) return Type::Basic;
    if (equal_caseless(name, "Digest")) return Type::Digest;
    if (equal_caseless(name, "Bearer")) return Type::Bearer;
    if (equal_caseless(name, "oAuth2")) return Type::OAuth2;
    return equal_caseless(name, "wwwform") ? Type::Form : Type::None;
}

}  // namespace

bool Settings::is_open(std::string_view path) const {
    if (path.find('~') != std::string_view::npos || match_pattern_list(protect, path).matched) return false;
    return path == signin || match_pattern_list(unprotect, path).matched;
}

bool Settings::is_open_server(std::string_view name, std::string_view path) const {
    return !is_closed(name) && name.find('~') == std::string_view::npos &&
           match_server_path(unprotect, name, path);
}

bool Settings::is_closed(std::string_view path) const {
    return match_pattern_list(protect, path).matched;
}

auth::PasswordRecipe password_recipe(const Settings& settings) {
    auth::PasswordRecipe recipe;
    if (settings.type == Type::Digest) {
        recipe.form = auth::PasswordForm::RealmHash;
        recipe.algorithm = settings.algorithm;
        recipe.realm = settings.realm;
    }
    return recipe;
}

Result<Settings> read_settings(const module::Context& context, const config::Section& section) {
    Settings settings;
    if (!section.has("type"))
        return section.error("type", "not set; expected Basic, Digest, Bearer, wwwform, oAuth2 or None");
    settings.type = parse_type(section.string("type"));
    // Of type oAuth2 the issuer is the provider's; sessions are ours.
    const bool own_issuer = section.has("issuer") && settings.type != Type::OAuth2;
    settings.realm = section.has("realm") ? section.string("realm")
                     : own_issuer         ? section.string("issuer")
                                          : std::string_view(context.server_name);
    settings.issuer = own_issuer ? std::string(section.string("issuer")) : settings.realm;
    settings.opaque = section.string("opaque");
    const auto algorithm = auth::parse_digest_algorithm(section.string("algorithm"));
    if (!algorithm) return section.error("algorithm", "is none that Digest knows");
    settings.algorithm = algorithm->algorithm;
    settings.userhash = section.boolean("userhash");
    settings.nonce_life_ms = section.milliseconds("nonce_expire");
    settings.session_seconds = 60 * section.integer("expire");
    settings.cookie = section.has_word("options", "cookie");
    settings.header = section.has_word("options", "header");
    // Every token is a JWT here; with users, who may have one, jwt asks for them.
    settings.token =
        section.has_word("options", "token") || (section.has_word("options", "jwt") && names_users(section));
    settings.management = section.has_word("options", "management");
    settings.totp = section.has_word("options", "totp");
    settings.home_header = section.has_word("options", "home");
    settings.protect = section.string("protect");
    settings.unprotect = section.string("unprotect");
    settings.audience = section.string("audience");
    settings.throttle.failures = static_cast<unsigned>(section.integer("failures"));
    settings.throttle.longest_ms = section.milliseconds("throttle");
    if (settings.type == Type::OAuth2) {
        auto provider = read_provider(section);
        if (!provider) return provider.error();
        settings.provider = std::make_shared<const ProviderSettings>(provider.take());
    } else if (const auto fine = refuse_provider_keys(section); !fine) {
        return fine.error();
    }
    for (const auto& step : {read_places(section, settings), check_combination(section, settings),
                             read_foreign_key(section, settings)}) {
        if (!step) return step.error();
    }
    auto secret = read_secret(context, section);
    if (!secret) return secret.error();
    settings.secret = secret.take();
    if (context.shared) settings.start_secret = context.shared->secret();
    if (settings.type == Type::None) {
        settings.user = section.has("user") ? section.string("user") : "anonymous";
        settings.group = section.string("group");
        settings.home = section.string("home");
        return settings;
    }
    const auto store = read_store(context, section, settings);
    if (!store) return store.error();
    choose_revocations(context, section, settings);
    if (!settings.revocations.empty() && !context.check_only) {
        const auto loaded = RevocationFile(settings.revocations).load(time(nullptr));
        if (!loaded) return section.error("revocations", loaded.error().text);
        give_to_workers(context, settings.revocations);
        settings.revoked = *loaded;
    }
    return settings;
}

}  // namespace marmoset::auth_module
