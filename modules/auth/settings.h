// The `auth` group as the gate uses it. In: the group as the file has it. Out: settings, with the user store
// and the token keys opened; or an error with file and line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "auth/password_hash.h"
#include "auth/token_key.h"
#include "auth/user_store.h"
#include "base/digest.h"
#include "base/result.h"
#include "config/section.h"
#include "module/abi.h"
#include "provider_settings.h"
#include "revocation_file.h"
#include "throttle.h"

namespace marmoset::auth_module {

enum class Type : uint8_t { None, Basic, Digest, Bearer, Form, OAuth2 };

struct Settings {
    Type type = Type::Basic;
    bool has_store = false;  ///< false: None, or tokens alone tell who users are
    auth::UserStoreSettings store_keys;
    std::shared_ptr<auth::UserStore> store;  ///< opened with privileges; null: to be opened by each worker
    std::string user, group, home;           ///< of type None
    std::string realm, issuer, opaque;
    DigestAlgorithm algorithm = DigestAlgorithm::Sha256;
    bool userhash = false;
    uint64_t nonce_life_ms = 300'000;
    std::string secret;                                 ///< what tokens are signed with
    std::shared_ptr<const auth::TokenKey> foreign_key;  ///< of tokens of others; null: none
    /// Of this start of the server: for what is good once, since memory alone knows that it was used.
    std::string start_secret;
    std::string audience;
    int64_t session_seconds = 1800;
    bool cookie = false, header = false, token = false, totp = false, home_header = false;
    bool management = false;          ///< users are managed over HTTP, below auth_ep
    std::string signin;               ///< path; empty: none
    std::string auth_ep;              ///< path, without a slash at its end
    std::string token_ep;             ///< path
    std::string revocations;          ///< file that keeps sign-outs; empty: none
    std::vector<Revocation> revoked;  ///< what stood in it
    std::string protect, unprotect;
    std::shared_ptr<const ProviderSettings> provider;  ///< of type oAuth2; null: another
    Throttle::Limits throttle;

    /// Whether a path needs no sign-in.
    bool is_open(std::string_view path) const;
    /// Whether what has the path `name`, and takes any path behind it, needs none for `path`.
    bool is_open_server(std::string_view name, std::string_view path) const;
    /// Whether it is refused without one, instead of asking for it.
    bool is_closed(std::string_view path) const;
    /// Whether passwords come in the clear: those of Basic and forms.
    bool takes_passwords() const { return has_store && (type == Type::Basic || type == Type::Form); }
    /// Whether sign-ins give a token that is good for the rest of the session.
    bool issues_tokens() const { return cookie || header || token; }
};

/// How new passwords are stored: what the type can use.
auth::PasswordRecipe password_recipe(const Settings& settings);

/// Reads and opens; an empty store that can be changed gets its first user (first_user.h). Blocks.
Result<Settings> read_settings(const module::Context& context, const config::Section& section);

}  // namespace marmoset::auth_module
