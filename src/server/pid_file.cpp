#include "server/pid_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace marmoset::server {

namespace {

struct flock whole_file() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

}  // namespace

// An fcntl lock belongs to the process, so F_GETLK tells who holds it even when the number in the file is
// stale.
Result<PidFile> PidFile::create(const std::string& path) {
    FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file) return errno_error("open pid file", path, errno);
    struct flock lock = whole_file();
    fcntl(file.get(), F_GETLK, &lock);
    if (lock.l_type != F_UNLCK)
        return Error{"pid file " + path + ": held by process " + std::to_string(lock.l_pid)};
    return PidFile(path, std::move(file));
}

Result<void> PidFile::write() {
    struct flock lock = whole_file();
    if (fcntl(file_.get(), F_SETLK, &lock) != 0) return errno_error("lock pid file", path_, errno);
    owner_ = getpid();
    const std::string text = std::to_string(owner_) + "\n";
    if (ftruncate(file_.get(), 0) != 0 || pwrite(file_.get(), text.data(), text.size(), 0) < 0) {
        return errno_error("write pid file", path_, errno);
    }
    return {};
}

PidFile::~PidFile() {
    if (file_ && owner_ == getpid()) unlink(path_.c_str());
}

Result<void> PidFile::kill_holder(const std::string& path, unsigned timeout_ms) {
    FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!file) return errno_error("open pid file", path, errno);
    struct flock lock = whole_file();
    if (fcntl(file.get(), F_GETLK, &lock) != 0) return errno_error("lock pid file", path, errno);
    if (lock.l_type == F_UNLCK) return Error{"pid file " + path + ": no running server holds it"};
    const FileDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, lock.l_pid, 0)));
    if (kill(lock.l_pid, SIGTERM) != 0) return errno_error("kill", std::to_string(lock.l_pid), errno);
    if (process) {
        pollfd ended{process.get(), POLLIN, 0};
        if (poll(&ended, 1, static_cast<int>(timeout_ms)) == 0)
            return Error{"process " + std::to_string(lock.l_pid) + " is still running"};
    }
    return {};
}

}  // namespace marmoset::server
