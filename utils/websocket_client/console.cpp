#include "console.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#ifdef MARMOSET_HAVE_LIBEDIT
#include <histedit.h>
#endif

namespace {

constexpr int kHistory = 500;
constexpr size_t kMaxLine = 1u << 20;
constexpr const char* kPrompt = "> ";

// The console's pipe, for the signal handler.
volatile int signal_pipe = -1;
volatile std::sig_atomic_t signalled = 0;

void on_signal(int) {
    const int saved = errno;
    signalled = 1;
    if (write(signal_pipe, "", 1) < 0) signalled = 1;  // full: it will be read all the same
    errno = saved;
}

// Whether one has come that nobody has taken yet: each is one wish to end.
bool take_signal() {
    if (signalled == 0) return false;
    signalled = 0;
    return true;
}

// Lines are UTF-8 on the wire, so the terminal's are taken for that where the locale knows nothing better.
void choose_characters() {
    std::setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

// Waits for a key, or only for the pipe. 1: there is one, 0: the pipe has something, -1: the end.
int await(int wake, bool key) {
    for (;;) {
        pollfd waiting[2] = {{key ? STDIN_FILENO : -1, POLLIN, 0}, {wake, POLLIN, 0}};
        if (poll(waiting, 2, -1) < 0 && errno != EINTR) return -1;
        if ((waiting[1].revents & POLLIN) != 0) {
            char bytes[64];
            return read(wake, bytes, sizeof bytes) > 0 ? 0 : -1;
        }
        if (waiting[1].revents != 0) return -1;
        if (waiting[0].revents != 0) return 1;
    }
}

}  // namespace

Console::Console(websocket_client::EventLoop& loop, OnLine on_line)
    : loop_(loop), on_line_(std::move(on_line)) {
    if (pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
    choose_characters();
}

Console::~Console() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    close(wake_[1]);
    if (thread_.joinable()) thread_.join();
    close(wake_[0]);
    for (const std::string& line : shown_)
        std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void Console::start() {
    signal_pipe = wake_[1];
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    thread_ = std::thread([this] { run(); });
}

void Console::show(std::string line) {
    const std::lock_guard lock(mutex_);
    shown_.push_back(std::move(line));
    if (shown_.size() == 1 && write(wake_[1], "", 1) < 0) return;  // full: it will be read
}

// On the console's thread, with the cursor at the beginning of an empty line.
void Console::print_shown() {
    std::vector<std::string> lines;
    {
        const std::lock_guard lock(mutex_);
        lines.swap(shown_);
    }
    for (const std::string& line : lines)
        std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void Console::hand_over(std::string line, bool end) {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    loop_.post([this, line = std::move(line), end] { on_line_(line, end); });
}

void Console::run() {
    edit();
    hand_over({}, true);
    // What comes until the loop has ended is still shown, and a signal is one more wish to end.
    while (await(wake_[0], false) == 0) {
        print_shown();
        if (take_signal()) hand_over({}, true);
    }
}

#ifdef MARMOSET_HAVE_LIBEDIT

struct Console::Editor {
    static char* prompt(EditLine*) {
        static char text[] = "> ";
        return text;
    }

    // libedit's source of characters: while it waits, what has come is shown above the line.
    static int read_character(EditLine* edit, wchar_t* out) {
        Console* console = nullptr;
        el_get(edit, EL_CLIENTDATA, &console);
        std::mbstate_t state{};
        for (;;) {
            const int found = await(console->wake_[0], true);
            if (found < 0 || take_signal()) return -1;
            if (found == 0) {
                std::fputs("\r\033[K", stdout);
                console->print_shown();
                el_set(edit, EL_REFRESH);
                continue;
            }
            char byte = 0;
            const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return static_cast<int>(count);
            const size_t used = std::mbrtowc(out, &byte, 1, &state);
            if (used == static_cast<size_t>(-2)) continue;  // more bytes of this character follow
            if (used != static_cast<size_t>(-1)) return 1;
            state = {};
        }
    }
};

void Console::edit() {
    EditLine* edit = el_init("websocket_client", stdin, stdout, stderr);
    History* history = history_init();
    if (edit && history) {
        HistEvent event;
        ::history(history, &event, H_SETSIZE, kHistory);
        ::history(history, &event, H_SETUNIQUE, 1);
        el_set(edit, EL_PROMPT, Editor::prompt);
        el_set(edit, EL_EDITOR, "emacs");
        el_set(edit, EL_HIST, ::history, history);
        el_set(edit, EL_CLIENTDATA, this);
        el_set(edit, EL_GETCFN, Editor::read_character);
        int size = 0;
        while (const char* text = el_gets(edit, &size)) {
            std::string line(text, static_cast<size_t>(size));
            while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
                line.pop_back();
            if (line.empty()) continue;
            ::history(history, &event, H_ENTER, line.c_str());
            hand_over(std::move(line), false);
        }
    }
    if (history) history_end(history);
    if (edit) el_end(edit);  // gives the terminal back
    std::fputs("\r\033[K", stdout);
    print_shown();
}

#else

// Without libedit the terminal's own line discipline edits.
void Console::edit() {
    std::string line;
    const auto ask = [] {
        std::fputs(kPrompt, stdout);
        std::fflush(stdout);
    };
    ask();
    for (;;) {
        const int found = await(wake_[0], true);
        if (found < 0 || take_signal()) break;
        if (found == 0) {
            std::fputs("\r\033[K", stdout);
            print_shown();
            ask();
            continue;
        }
        char bytes[4096];
        const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        line.append(bytes, static_cast<size_t>(count));
        for (size_t end = line.find('\n'); end != std::string::npos; end = line.find('\n')) {
            if (end > 0) hand_over(line.substr(0, end), false);
            line.erase(0, end + 1);
            ask();
        }
        if (line.size() > kMaxLine) line.clear();
    }
    std::fputs("\r\033[K", stdout);
    print_shown();
}

#endif
