#include "libwebsocket/listen_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "libwebsocket/interposition.h"
#include "log/logger.h"

namespace marmoset::libwebsocket {

namespace {

constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn

// Whom the socket is given to, and whom the process becomes.
struct Identity {
    bool change = false;  // the process becomes user and primary
    std::string name;
    uid_t user = static_cast<uid_t>(-1);  // -1: as it is
    gid_t primary = static_cast<gid_t>(-1);
    gid_t socket_group = static_cast<gid_t>(-1);
};

Result<Identity> find_identity(const websocket_server::Options& options) {
    Identity identity;
    if (!options.user.empty()) {
        errno = 0;
        const passwd* entry = getpwnam(options.user.c_str());
        if (!entry) return Error{"user " + options.user + ": there is no such user"};
        identity.name = options.user;
        identity.user = entry->pw_uid;
        identity.primary = identity.socket_group = entry->pw_gid;
        identity.change = geteuid() == 0 && entry->pw_uid != 0;
        if (geteuid() != 0 && entry->pw_uid != geteuid()) {
            return Error{"user " + options.user + ": only root can become another user", EPERM};
        }
    }
    if (!options.group.empty()) {
        const group* entry = getgrnam(options.group.c_str());
        if (!entry) return Error{"group " + options.group + ": there is no such group"};
        identity.socket_group = entry->gr_gid;
    }
    return identity;
}

// "lab/echo" is a name, "/echo", "a//b" and "../echo" are not: the socket lies beneath the directory.
bool is_good_name(std::string_view name) {
    for (;;) {
        const size_t slash = name.find('/');
        const std::string_view part = name.substr(0, slash);
        if (part.empty() || part == "." || part == "..") return false;
        if (slash == std::string_view::npos) return true;
        name.remove_prefix(slash + 1);
    }
}

// Absolute, so that the file is found again after the process has changed its working directory.
std::string absolute(const std::string& path) {
    char here[PATH_MAX];
    if (path.starts_with('/') || !getcwd(here, sizeof here)) return path;
    return std::string(here) + "/" + path;
}

Result<void> make_folders(const std::string& path, const Identity& identity) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        const std::string folder = path.substr(0, slash);
        if (mkdir(folder.c_str(), 0755) == 0) {
            // So that the server may take its socket away again.
            if (identity.change && lchown(folder.c_str(), identity.user, identity.primary) != 0) {
                return errno_error("chown", folder, errno);
            }
        } else if (errno != EEXIST) {
            const int error = errno;
            struct stat info;  // e.g. EROFS for a folder that is there
            if (stat(folder.c_str(), &info) != 0) return errno_error("mkdir", folder, error);
        }
    }
    return {};
}

// Nothing at `path`, or a socket nobody listens on, which is removed.
Result<void> make_way(const std::string& path, const sockaddr_un& address) {
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) return {};
    if (!S_ISSOCK(info.st_mode))
        return Error{"bind " + path + ": there is a file of that name, and it is no socket", EEXIST};
    FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe) return errno_error("socket for", path, errno);
    if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        errno = EADDRINUSE;
    switch (errno) {
        case ECONNREFUSED:
            if (unlink(path.c_str()) != 0) return errno_error("replace", path, errno);
            return {};
        case ENOENT:
            return {};
        case EADDRINUSE:
        case EAGAIN:      // its backlog is full
        case EPROTOTYPE:  // it is a SEQPACKET socket
            return Error{"bind " + path + ": another server listens there", EADDRINUSE};
        default:
            return errno_error("bind", path, errno);
    }
}

Result<void> become(const Identity& identity) {
    if (!identity.change) return {};
    if (initgroups(identity.name.c_str(), identity.primary) != 0 || setgid(identity.primary) != 0 ||
        setuid(identity.user) != 0) {
        return errno_error("become user", identity.name, errno);
    }
    if (setuid(0) == 0) return Error{"become user " + identity.name + ": root could be regained"};
    return {};
}

}  // namespace

Result<ListenSocket> ListenSocket::open(const websocket_server::Options& options) {
    if (!is_good_name(options.name)) {
        return Error{"name \"" + options.name +
                     "\": a socket name, or folders and a name, beneath the directory"};
    }
    auto identity = find_identity(options);
    if (!identity) return identity.error();

    ListenSocket result;
    result.path_ = absolute(options.directory + "/" + options.name);
    const std::string& path = result.path_;
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path) return errno_error("bind", path, ENAMETOOLONG);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const auto folders = make_folders(path, *identity);
    if (!folders) return folders.error();

    const int type = options.stream ? SOCK_STREAM : SOCK_SEQPACKET;
    result.socket_.reset(socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!result.socket_) return errno_error("socket for", path, errno);
    // Two servers that start at once would both find the old file dead; the lock goes with the descriptor.
    const FileDescriptor lock(
        ::open(path.substr(0, path.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (lock) flock(lock.get(), LOCK_EX);
    const auto way = make_way(path, address);
    if (!way) return way.error();
    // By umask and not by chmod: the file never exists with other rights.
    const mode_t mask = umask(0117);
    const int status =
        bind(result.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int bind_error = errno;
    umask(mask);
    if (status != 0) return errno_error("bind", path, bind_error);
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) return errno_error("stat", path, errno);
    result.device_ = info.st_dev;
    result.inode_ = info.st_ino;

    const auto fail = [&result](Error error) {
        result.remove();
        return error;
    };
    const bool give = identity->change || (!options.group.empty() && identity->socket_group != info.st_gid);
    const uid_t owner = identity->change ? identity->user : static_cast<uid_t>(-1);
    if (give && lchown(path.c_str(), owner, identity->socket_group) != 0)
        return fail(errno_error("chown", path, errno));
    if (interpose::accept_plainly) interpose::accept_plainly(result.socket_.get());
    if (listen(result.socket_.get(), kBacklog) != 0) return fail(errno_error("listen", path, errno));
    const auto became = become(*identity);
    if (!became) return fail(became.error());
    return result;
}

void ListenSocket::remove() {
    struct stat info;
    // While our socket is open its inode can't be given to another file.
    if (socket_ && lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_) {
        if (unlink(path_.c_str()) != 0) log::debug("{}", errno_error("unlink", path_, errno).text);
    }
    socket_.reset();
}

}  // namespace marmoset::libwebsocket
