// How a failing assertion leaves its test. In: functions of the test file, run by protect(). Out: how each
// ended, with the text of its failure. The way out is longjmp: the frames between may be C's, so nothing is
// thrown across them, and no function that is left so may hold an object with a destructor. Hence two steps:
// say() the text, then fail_at().
#pragma once

#include <cstdarg>
#include <string>

namespace cmocka {

struct Location {
    const char* file = nullptr;
    int line = 0;
};

/// What protect() brought back.
struct Ended {
    enum class How { returned, failed, skipped };
    How how = How::returned;
    int result = 0;     ///< of the function, when it returned
    std::string text;   ///< of the failure
    std::string note;   ///< printed already while the function ran; for reports that would not have it else
    Location location;  ///< where the failure is; file may be null
    bool has_line = true;  ///< whether the location is named below the text
};

/// Adds to the text of the failure that fail_at() will report.
[[gnu::format(printf, 1, 2)]] void say(const char* format, ...) noexcept;
/// Adds to the note, for what was printed already.
void note(const char* format, std::va_list arguments) noexcept;
/// Leaves the running function as failed. Without one the text goes to standard error and the program ends
/// with 255; with CMOCKA_TEST_ABORT=1 it aborts here, for a debugger.
[[noreturn]] void fail_at(Location location, bool has_line = true) noexcept;
/// Leaves the running function as skipped.
[[noreturn]] void skip_at(Location location) noexcept;

/// Calls invoke(context) and comes back when it has returned, failed, skipped, met one of the signals of a
/// crash or thrown.
Ended protect(int (*invoke)(void* context), void* context) noexcept;
/// A failure found after the function returned: takes the text said since. location.file may be null.
Ended failed_after(Location location, bool has_line) noexcept;

}  // namespace cmocka
