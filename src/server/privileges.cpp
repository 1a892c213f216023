#include "server/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "log/logger.h"

namespace marmoset::server {

Result<Identity> find_identity(const std::string& user, const std::string& group) {
    Identity identity;
    if (user.empty()) return identity;
    const passwd* entry = getpwnam(user.c_str());
    if (!entry) return Error{"user \"" + user + "\" does not exist"};
    identity.uid = entry->pw_uid;
    identity.gid = entry->pw_gid;
    identity.user = user;
    if (!group.empty()) {
        const struct group* named = getgrnam(group.c_str());
        if (!named) return Error{"group \"" + group + "\" does not exist"};
        identity.gid = named->gr_gid;
    }
    return identity;
}

void confine() {
    if (geteuid() == 0 && chroot(".") != 0)
        log::warning("chroot: {}, staying with chdir", errno_error("", "", errno).text.substr(2));
}

Result<void> drop_privileges(const Identity& identity) {
    if (geteuid() != 0 || identity.user.empty() || identity.uid == 0) return {};
    if (initgroups(identity.user.c_str(), identity.gid) != 0)
        return errno_error("initgroups", identity.user, errno);
    if (setresgid(identity.gid, identity.gid, identity.gid) != 0)
        return errno_error("setresgid", identity.user, errno);
    if (setresuid(identity.uid, identity.uid, identity.uid) != 0)
        return errno_error("setresuid", identity.user, errno);
    if (setuid(0) == 0) return Error{"root could be taken back after dropping it"};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return {};
}

size_t raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

}  // namespace marmoset::server
