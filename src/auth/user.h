// A user as the gate knows one, whatever store it comes from. In: nothing. Out: plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace marmoset::auth {

/// Where an account stands; the numbers are those of ouistiti's table `status`.
enum class UserStatus : uint8_t {
    Approving = 1,    ///< asked for, not yet agreed to
    Activated = 2,    ///< may sign in
    Repudiated = 3,   ///< shut out
    Reapproving = 4,  ///< may sign in to choose a new password: its group is then "reapproving"
};

/// "approving", "activated", "repudiated", "reapproving".
std::string_view status_name(UserStatus status);
/// nullopt for any other text.
std::optional<UserStatus> parse_status(std::string_view name);

/// The group that someone whose status is Reapproving acts as, in ouistiti's filter rules too.
constexpr std::string_view kReapprovingGroup = "reapproving";

struct User {
    std::string name;
    std::string password;  ///< stored form, see password_hash.h; empty: no sign-in by password. Secret
    std::string group;     ///< empty where the store has none
    std::string home;      ///< as the store has it, often a path below dochome; may be empty
    UserStatus status = UserStatus::Activated;
    std::string issuer;  ///< who vouches for the password, where the store knows (SQLite); else empty
    /// Second factors that are switched off for this user («totp»), as ouistiti's table `issuers`.
    std::vector<std::string> factors_off;
    /// The user's own TOTP key, base32; empty: it is derived from the configured secret (totp.h). Secret
    std::string totp_key;

    /// May sign in at all.
    bool may_sign_in() const { return status == UserStatus::Activated || status == UserStatus::Reapproving; }
    /// The group that filters see.
    std::string_view effective_group() const {
        return status == UserStatus::Reapproving ? kReapprovingGroup : std::string_view(group);
    }
};

/// Names that can stand in a password file, a header and a log: 1 … 64 bytes of valid UTF-8, no control
/// character, no ':' (RFC 7617: it ends the name in Basic credentials).
bool is_valid_user_name(std::string_view name);
/// The same for a group or a home (empty is fine, up to 255 bytes).
bool is_valid_user_field(std::string_view text);

}  // namespace marmoset::auth
