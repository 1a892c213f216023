#include "failure.h"

#include <array>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <utility>

#include "interface.h"

namespace cmocka {
namespace {

constexpr std::array crash_signals{SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS};

// Never destroyed: a test file's static objects may assert after this file's would be gone.
Ended& report() {
    static auto& ended = *new Ended;
    return ended;
}

std::jmp_buf* way_out = nullptr;  // of the protect() that runs, if one does

void append(std::string& text, const char* format, std::va_list arguments) {
    std::va_list again;
    va_copy(again, arguments);
    const int length = std::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (length <= 0) return;
    const size_t old = text.size();
    text.resize(old + static_cast<size_t>(length) + 1);
    std::vsnprintf(text.data() + old, static_cast<size_t>(length) + 1, format, arguments);
    text.pop_back();
}

void record(Ended::How how, Location location, bool has_line) {
    report().how = how;
    report().location = location;
    report().has_line = has_line;
}

bool abort_wanted() {
    const char* wanted = std::getenv("CMOCKA_TEST_ABORT");
    return wanted != nullptr && std::strcmp(wanted, "1") == 0;
}

void print_report() {
    const Ended& ended = report();
    std::fflush(stdout);
    std::fputs(ended.text.c_str(), stderr);
    if (ended.has_line) {
        std::fprintf(stderr, "[   LINE   ] --- %s:%d: error: Failure!\n", ended.location.file,
                     ended.location.line);
    }
}

[[noreturn]] void leave() {
    if (report().how == Ended::How::failed && abort_wanted()) {
        print_report();
        std::abort();
    }
    if (way_out == nullptr) {
        print_report();
        std::exit(255);
    }
    std::longjmp(*way_out, 1);
}

volatile std::sig_atomic_t crash_signal = 0;

void record_crash(int signal) {
    say("Test failed with exception: %s(%d)", strsignal(signal), signal);
    record(Ended::How::failed, {}, false);
}

// Jumps only: the crash may have been inside malloc. Installed with SA_NODEFER, so that the jump leaves no
// signal blocked.
void crashed(int signal) {
    if (way_out != nullptr && !abort_wanted()) {
        crash_signal = signal;
        std::longjmp(*way_out, 1);
    }
    record_crash(signal);
    leave();
}

class CrashHandlers {
  public:
    CrashHandlers() {
        struct sigaction action {};
        action.sa_handler = crashed;
        action.sa_flags = SA_NODEFER;
        sigemptyset(&action.sa_mask);
        for (size_t i = 0; i < crash_signals.size(); ++i)
            sigaction(crash_signals[i], &action, &old_[i]);
    }
    ~CrashHandlers() {
        for (size_t i = 0; i < crash_signals.size(); ++i)
            sigaction(crash_signals[i], &old_[i], nullptr);
    }
    CrashHandlers(const CrashHandlers&) = delete;
    CrashHandlers& operator=(const CrashHandlers&) = delete;

  private:
    std::array<struct sigaction, crash_signals.size()> old_{};
};

struct Call {
    int (*invoke)(void*);
    void* context;
    int result = 0;
};

// A test file in C++ may throw; its own frames are the only ones between.
void call(Call& call) {
    try {
        call.result = call.invoke(call.context);
        return;
    } catch (const std::exception& thrown) {
        say("Test failed with C++ exception: %s", thrown.what());
    } catch (...) {
        say("Test failed with C++ exception");
    }
    record(Ended::How::failed, {}, false);
    if (abort_wanted()) leave();
}

// setjmp and what it guards, apart from every object that has a destructor.
[[gnu::noinline]] void call_guarded(Call& guarded) {
    std::jmp_buf here;
    way_out = &here;
    if (setjmp(here) == 0) call(guarded);
    way_out = nullptr;
    if (crash_signal != 0) record_crash(crash_signal);
    crash_signal = 0;
}

}  // namespace

void say(const char* format, ...) noexcept {
    std::va_list arguments;
    va_start(arguments, format);
    append(report().text, format, arguments);
    va_end(arguments);
}

void note(const char* format, std::va_list arguments) noexcept {
    append(report().note, format, arguments);
}

void fail_at(Location location, bool has_line) noexcept {
    record(Ended::How::failed, location, has_line);
    leave();
}

void skip_at(Location location) noexcept {
    record(Ended::How::skipped, location, false);
    say("%s:%d: Skipped!\n", location.file, location.line);
    leave();
}

Ended protect(int (*invoke)(void*), void* context) noexcept {
    report() = Ended{};
    global_expecting_assert = 0;
    Call guarded{invoke, context};
    {
        const CrashHandlers handlers;
        call_guarded(guarded);
    }
    global_expecting_assert = 0;
    Ended ended = std::exchange(report(), Ended{});
    ended.result = guarded.result;
    // A comparison that did not hold says so even when nobody failed for it.
    if (ended.how == Ended::How::returned) ended.text.clear();
    return ended;
}

Ended failed_after(Location location, bool has_line) noexcept {
    record(Ended::How::failed, location, has_line);
    if (abort_wanted()) leave();
    return std::exchange(report(), Ended{});
}

}  // namespace cmocka
