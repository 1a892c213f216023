// RFC 9110 section 11: the fields Authorization and WWW-Authenticate, a scheme followed by one token68 or by
// parameters. In: a field's value, from a peer. Out: its parts, copied; or what is wrong. Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace marmoset::auth {

constexpr size_t kLargestAuthField = 16384;  ///< bytes; as much as a header block may have
constexpr size_t kMostAuthParams = 32;       ///< of one scheme
constexpr size_t kMostChallenges = 16;       ///< of one field

struct AuthParam {
    std::string name;   ///< as written; compared without case
    std::string value;  ///< unquoted
    bool quoted = false;
};

/// One scheme with what belongs to it: credentials, or a challenge.
struct AuthScheme {
    std::string scheme;   ///< as written; compared without case
    std::string token68;  ///< Basic, Bearer, Negotiate …; else empty
    std::vector<AuthParam> params;

    bool is(std::string_view name) const;
    /// Value of a parameter; nullptr if there is none.
    const std::string* find(std::string_view name) const;
};

/// The value of Authorization: exactly one scheme. A parameter that stands twice is an error (what it means
/// is anybody's guess), and so is anything but the grammar of RFC 9110 11.4.
Result<AuthScheme> parse_credentials(std::string_view value);

/// The value of WWW-Authenticate (or several, joined by commas): a list of challenges, whose own lists of
/// parameters have commas too.
Result<std::vector<AuthScheme>> parse_challenges(std::string_view value);

/// Bearer credentials (RFC 6750 2.1): the token; nullopt if these are none.
std::optional<std::string> bearer_token(const AuthScheme& credentials);

struct BasicCredentials {
    std::string user, password;
};
/// RFC 7617: base64 of user:password, UTF-8, no control characters. An error tells nothing of the content.
Result<BasicCredentials> parse_basic(const AuthScheme& credentials);

/// RFC 8187 ext-value, UTF-8 only: UTF-8'en'%c2%a3. The decoded text, valid UTF-8; nullopt otherwise.
std::optional<std::string> decode_ext_value(std::string_view value);
std::string encode_ext_value(std::string_view text);

/// Writes «Scheme name="value", name=value».
class AuthSchemeWriter {
  public:
    explicit AuthSchemeWriter(std::string_view scheme) : text_(scheme) {}
    /// A quoted string; `"` and `\` are escaped, control characters, which it can't hold, left out.
    AuthSchemeWriter& quoted(std::string_view name, std::string_view value);
    /// A token; the caller knows that it is one.
    AuthSchemeWriter& token(std::string_view name, std::string_view value);
    std::string take() { return std::move(text_); }

  private:
    void separate();

    std::string text_;
    bool first_ = true;
};

}  // namespace marmoset::auth
