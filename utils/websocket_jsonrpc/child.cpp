// Starting and ending worker processes. In: settings. Out: children that end with us.
#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "log/logger.h"

namespace jsonrpc {

using marmoset::Error;
using marmoset::FileDescriptor;

namespace {

// Between fork and exec: nothing that allocates. `program` is the file itself, whatever stands under its name
// by now.
[[noreturn]] void become_worker(int program, int folder, int channel, int log, char* const* arguments,
                                pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    // Not allowed by now: nothing could be read from there either.
    if (folder >= 0 && fchdir(folder) != 0) folder = -1;
    // What the library prints goes where our own lines go.
    if (log >= 0) dup2(log, STDERR_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    const int input = open("/dev/null", O_RDONLY);
    if (input > 0) dup2(input, STDIN_FILENO);
    // Both are moved out of the way of kChannel first.
    const int moved = fcntl(program, F_DUPFD, kChannel + 1);
    dup2(channel, kChannel);
    syscall(SYS_close_range, kChannel + 1, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
    fcntl(kChannel, F_SETFD, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    syscall(SYS_execveat, moved, "", arguments, environ, AT_EMPTY_PATH);
    _exit(1);
}

}  // namespace

Child& Child::operator=(Child&& other) noexcept {
    if (this == &other) return *this;
    kill();
    channel = std::move(other.channel);
    end = std::move(other.end);
    pid_ = std::exchange(other.pid_, 0);
    return *this;
}

marmoset::Result<Child> Child::start(const WorkerSettings& settings) {
    const auto failed = [](const char* what) {
        return Error{std::string(what) + ": " + std::strerror(errno)};
    };
    // Opened once: an update may replace the file, and the user may not be allowed to see its folder.
    static const FileDescriptor program(open("/proc/self/exe", O_PATH | O_CLOEXEC));
    if (!program) return failed("/proc/self/exe");
    // A daemon leaves it once it serves; what stands in -C may be meant from there. Not there, or not to be
    // searched: nothing is meant from there.
    static const FileDescriptor folder(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return failed("socketpair");
    Child child;
    child.channel = FileDescriptor(ends[0]);
    const FileDescriptor theirs(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);

    std::vector<std::string> texts = worker_arguments(settings);
    texts.insert(texts.begin(), "websocket_jsonrpc");
    std::vector<char*> arguments;
    for (std::string& text : texts)
        arguments.push_back(text.data());
    arguments.push_back(nullptr);
    const pid_t parent = getpid();
    const int log = marmoset::log::descriptor();
    child.pid_ = fork();
    if (child.pid_ == 0)
        become_worker(program.get(), folder.get(), theirs.get(), log, arguments.data(), parent);
    if (child.pid_ < 0) {
        child.pid_ = 0;
        return failed("fork");
    }
    child.end = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, child.pid_, 0)));
    if (!child.end) return failed("pidfd_open");
    return child;
}

bool Child::wait(unsigned milliseconds) {
    if (pid_ == 0) return true;
    pollfd ended{end.get(), POLLIN, 0};
    return poll(&ended, 1, static_cast<int>(milliseconds)) > 0;
}

std::string Child::kill() {
    channel.reset();
    end.reset();
    if (pid_ == 0) return {};
    ::kill(pid_, SIGKILL);  // does nothing to one that is ending already
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return describe(status);
}

std::string Child::describe(int status) {
    if (WIFSIGNALED(status)) return std::string("ended by signal ") + strsignal(WTERMSIG(status));
    return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace jsonrpc
