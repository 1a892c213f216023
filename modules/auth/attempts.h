// Sign-ins at a provider that browsers have begun: each carries its own, signed, in a cookie, so that every
// worker can end it. In: paths to return to, cookies, states. Out: cookies, attempts. Pure; nothing here
// knows which were ended already.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/openid_connect.h"
#include "auth/token_key.h"
#include "base/result.h"

namespace marmoset::auth_module {

struct Attempt {
    auth::OpenIdAttempt texts;
    std::string return_to;  ///< path of this server
};

class Attempts {
  public:
    static constexpr int64_t kSeconds = 600;        ///< from begin to end
    static constexpr size_t kLongestTarget = 1024;  ///< bytes of a path to return to: a cookie has 4096

    /// `secret`: the same in all workers. Nonce and verifier are reckoned of it and the state: the cookie
    /// tells neither.
    static Result<Attempts> make(const std::string& secret);

    /// One more, with a random state; a target that is too long is forgotten.
    Attempt begin(std::string_view return_to) const;
    /// The cookie's value.
    Result<std::string> write(const Attempt& attempt, int64_t now) const;
    /// The attempt that a browser ends with `state`; nullopt: its cookie is not ours, too old, or another
    /// attempt's.
    std::optional<Attempt> read(std::string_view cookie, std::string_view state, int64_t now) const;

    /// A browser may be at several at once, but not at any number: some states share a cookie.
    static std::string cookie_name(std::string_view state);

  private:
    auth::OpenIdAttempt texts(std::string state) const;

    std::string secret_;
    std::shared_ptr<const auth::TokenKey> key_;
    auth::TokenKeySet keys_;
};

}  // namespace marmoset::auth_module
