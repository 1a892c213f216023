// Giving up root: user, supplementary groups, for good. And descriptors: as many as allowed.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace marmoset::server {

/// Who the workers become.
struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string user;  ///< empty: stay who we are
};

/// Looks up `user` and `group` (empty: the user's primary group).
Result<Identity> find_identity(const std::string& user, const std::string& group);

/// Makes the working directory the root of this process, when it is root; not permitted: a warning, and it
/// stays a working directory, as in ouistiti.
void confine();

/// initgroups, setresgid, setresuid, and proof that root can't be taken back. Does nothing when not root or
/// the identity is root.
Result<void> drop_privileges(const Identity& identity);

/// Raises the soft limit of descriptors to the hard one; returns it.
size_t raise_descriptor_limit();

}  // namespace marmoset::server
