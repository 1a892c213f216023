#include "auth/secret_input.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iterator>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/secret.h"
#include "base/text.h"

namespace marmoset::auth {

namespace {

/// A terminal that shows nothing, until the object goes. Signals that end the program come only while a line
/// is awaited, so that none is lost just before that; they are sent again when the terminal shows what is
/// typed.
class WithoutEcho {
  public:
    explicit WithoutEcho(int fd) : fd_(fd) {
        caught_ = 0;
        sigset_t held;
        ::sigemptyset(&held);
        for (const int number : kSignals)
            ::sigaddset(&held, number);
        ::pthread_sigmask(SIG_BLOCK, &held, &mask_);
        struct sigaction catching {};
        catching.sa_handler = [](int number) { caught_ = number; };
        for (size_t i = 0; i < std::size(kSignals); ++i)
            ::sigaction(kSignals[i], &catching, &actions_[i]);
        changed_ = ::tcgetattr(fd_, &before_) == 0;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silent.c_lflag |= ECHONL;
        if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &silent);
    }
    WithoutEcho(const WithoutEcho&) = delete;
    WithoutEcho& operator=(const WithoutEcho&) = delete;
    ~WithoutEcho() {
        if (changed_) ::tcsetattr(fd_, TCSANOW, &before_);
        for (size_t i = 0; i < std::size(kSignals); ++i)
            ::sigaction(kSignals[i], &actions_[i], nullptr);
        ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
        if (caught_ != 0) ::raise(caught_);
    }

    /// Until there is something to read. False: one of the signals has come.
    bool wait() const {
        pollfd input{fd_, POLLIN, 0};
        while (caught_ == 0 && ::ppoll(&input, 1, nullptr, &mask_) < 0 && errno == EINTR) {
        }
        return caught_ == 0;
    }

  private:
    static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    static inline volatile sig_atomic_t caught_ = 0;

    int fd_;
    bool changed_ = false;
    termios before_{};
    sigset_t mask_;
    struct sigaction actions_[std::size(kSignals)]{};
};

/// Up to the line end or the end, byte by byte: what follows belongs to the next reader. `terminal`: what
/// `fd` is, if it is one.
Result<std::string> read_line(int fd, const WithoutEcho* terminal) {
    std::string line;
    for (;;) {
        if (terminal && !terminal->wait()) return errno_error("read", "standard input", EINTR);
        char c = 0;
        const ssize_t count = ::read(fd, &c, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error("read", "standard input", errno);
        if (count == 0 && line.empty()) return Error{"there is no password on standard input", EINVAL};
        if (count == 0 || c == '\n') break;
        if (line.size() == kLargestSecretFile) return errno_error("read", "standard input", EFBIG);
        line += c;
    }
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

}  // namespace

Result<std::string> read_password(const char* prompt) {
    if (!::isatty(STDIN_FILENO)) return read_line(STDIN_FILENO, nullptr);
    const std::string_view text = prompt;
    if (::write(STDERR_FILENO, text.data(), text.size()) < 0)
        return errno_error("write", "the terminal", errno);
    const WithoutEcho silence(STDIN_FILENO);
    return read_line(STDIN_FILENO, &silence);
}

Result<std::string> read_new_password() {
    auto password = read_password("New password: ");
    if (!password || !::isatty(STDIN_FILENO)) return password;
    auto again = read_password("Once more: ");
    if (!again) return again;
    const bool same = equal_constant_time(*password, *again);
    wipe(*again);
    if (!same) return Error{"the two passwords differ", EINVAL};
    return password;
}

Result<std::string> read_secret_file(const std::string& path) {
    const bool standard = path == "-";
    const FileDescriptor file(standard ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const int fd = standard ? STDIN_FILENO : file.get();
    if (fd < 0) return errno_error("open", path, errno);
    std::string text;
    char piece[4096];
    for (;;) {
        const ssize_t count = ::read(fd, piece, sizeof piece);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error("read", path, errno);
        if (count == 0) break;
        text.append(piece, static_cast<size_t>(count));
        if (text.size() > kLargestSecretFile) return errno_error("read", path, EFBIG);
    }
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

}  // namespace marmoset::auth
