// Stored forms of passwords: making and checking them. In: a stored form, a password. Out: right or not.
// Checking takes as long as the form wants (yescrypt: tens of milliseconds): thread pool. Any thread.
//
//   text                  the password itself (no '$' in front)
//   $N$B64                ouistiti's: base64 of the digest of the password; N: 1 MD5, 5 SHA-256, 6 SHA-512
//   $aN$B64  $aN$$B64     the same, as its database has it
//   $aN$realm=R$B64       digest of user:realm:password, R the realm's first 32 bytes; also N = 7 (ours):
//                         SHA-512/256. What Digest sign-in needs, if it is not to be the clear text.
//   $y$ $gy$ $7$ $2b$ $6$SALT$ $5$SALT$ …   whatever libcrypt knows (crypt(5))
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace marmoset::auth {

/// Longer passwords, and those with a NUL, are never right: libcrypt would cut them.
constexpr size_t kLongestPassword = 511;
/// What of a realm stands in the stored form, as ouistiti cuts it.
constexpr size_t kStoredRealm = 32;

/// What a stored form is made of; the views are parts of its text.
struct StoredPassword {
    enum class Kind : uint8_t {
        None,       ///< empty, or nothing we know: never right
        Clear,      ///< `value` is the password
        Digest,     ///< `value` is base64 of the digest of the password
        RealmHash,  ///< `value` is base64 of the digest of user:realm:password
        Crypt,      ///< libcrypt's; `value` is the whole text
    };
    Kind kind = Kind::None;
    DigestAlgorithm algorithm = DigestAlgorithm::Sha256;
    std::string_view realm;  ///< as stored, cut to kStoredRealm
    std::string_view value;
};
StoredPassword parse_stored_password(std::string_view stored);

/// True if `password` is the one that `stored` was made of. `realm` is the configured one: a form with a
/// realm holds only there (empty: whatever realm the form names). Differences take no shorter than matches.
bool verify_password(std::string_view stored, std::string_view user, std::string_view password,
                     std::string_view realm = {});

/// Forms that can be made. For new passwords yescrypt, unless Digest needs another.
enum class PasswordForm : uint8_t { Yescrypt, Bcrypt, Sha512Crypt, Sha256Crypt, Clear, Digest, RealmHash };

struct PasswordRecipe {
    PasswordForm form = PasswordForm::Yescrypt;
    DigestAlgorithm algorithm = DigestAlgorithm::Sha256;  ///< Digest, RealmHash: MD5, SHA-256, SHA-512, for
                                                          ///< RealmHash also SHA-512/256
    std::string realm;                                    ///< RealmHash: the whole realm
    unsigned long cost = 0;                               ///< libcrypt's count; 0: its default
};

/// The stored form of a new password. Fails (EINVAL) for a password that can't be checked again: empty, with
/// a NUL or a line end, or too long; for a clear text with ':' or with a '$' in front.
Result<std::string> make_password(const PasswordRecipe& recipe, std::string_view user,
                                  std::string_view password);

/// HA1 of RFC 7616 3.4.2, H(user:realm:password), raw bytes: from the clear text, or from a stored form of
/// the same realm and algorithm. nullopt: this form can't be used with Digest.
std::optional<std::string> digest_ha1(std::string_view stored, std::string_view user, std::string_view realm,
                                      DigestAlgorithm algorithm);

}  // namespace marmoset::auth
