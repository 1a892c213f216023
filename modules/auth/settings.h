// The `auth` group as the gate uses it. In: the group as the file has it. Out: settings, with the user store
// and the token keys opened; or an error with file and line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "auth/token_key.h"
#include "auth/user_store.h"
#include "base/digest.h"
#include "base/result.h"
#include "config/section.h"
#include "module/abi.h"
#include "throttle.h"

namespace marmoset::auth_module {

enum class Type : uint8_t { None, Basic, Digest, Bearer, Form };

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
    std::string audience;
    int64_t session_seconds = 1800;
    bool cookie = false, header = false, token = false, totp = false, home_header = false;
    std::string signin;    ///< path; empty: none
    std::string auth_ep;   ///< path, without a slash at its end
    std::string token_ep;  ///< path
    std::string protect, unprotect;
    Throttle::Limits throttle;

    /// Whether a path needs no sign-in.
    bool is_open(std::string_view path) const;
    /// Whether it is refused without one, instead of asking for it.
    bool is_closed(std::string_view path) const;
    /// Whether passwords come in the clear: those of Basic and forms.
    bool takes_passwords() const { return has_store && (type == Type::Basic || type == Type::Form); }
    /// Whether sign-ins give a token that is good for the rest of the session.
    bool issues_tokens() const { return cookie || header || token; }
};

/// Reads and opens; an empty store that can be changed gets its first user (first_user.h). Blocks.
Result<Settings> read_settings(const module::Context& context, const config::Section& section);

}  // namespace marmoset::auth_module
