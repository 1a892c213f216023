// The functions behind assert_*, fail, skip, expect_assert_failure. In: values and the place of the
// assertion. Out: a return, or the jump out of the test (failure.h).
#include <cinttypes>
#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "comparison.h"
#include "failure.h"
#include "interface.h"

using cmocka::fail_at;
using cmocka::say;

namespace {

// The first value that counts as negative for a type of so many bytes; the largest positive one does too, as
// in CMocka.
LargestIntegralType first_negative(size_t size) {
    switch (size) {
        case 1:
            return UINT8_MAX;
        case 2:
            return INT16_MAX;
        case 4:
            return INT32_MAX;
        default:
            return INT64_MAX;
    }
}

}  // namespace

int global_expecting_assert = 0;
jmp_buf global_expect_assert_env;
const char* global_last_failed_assert = nullptr;

void _assert_true(LargestIntegralType result, const char* expression, const char* file, int line) {
    if (result != 0) return;
    say("%s\n", expression);
    fail_at({file, line});
}

void _assert_return_code(LargestIntegralType result, size_t rlen, LargestIntegralType error,
                         const char* expression, const char* file, int line) {
    if (result < first_negative(rlen)) return;
    if (error != 0) {
        say("%s < 0, errno(%" PRIuMAX "): %s\n", expression, error, std::strerror(static_cast<int>(error)));
    } else {
        say("%s < 0\n", expression);
    }
    fail_at({file, line});
}

void _assert_int_equal(LargestIntegralType a, LargestIntegralType b, const char* file, int line) {
    if (!cmocka::values_equal(a, b)) fail_at({file, line});
}

void _assert_int_not_equal(LargestIntegralType a, LargestIntegralType b, const char* file, int line) {
    if (!cmocka::values_differ(a, b)) fail_at({file, line});
}

void _assert_float_equal(float a, float b, float epsilon, const char* file, int line) {
    if (!cmocka::floats_equal(a, b, epsilon)) fail_at({file, line});
}

void _assert_float_not_equal(float a, float b, float epsilon, const char* file, int line) {
    if (!cmocka::floats_differ(a, b, epsilon)) fail_at({file, line});
}

void _assert_string_equal(const char* a, const char* b, const char* file, int line) {
    if (!cmocka::strings_equal(a, b)) fail_at({file, line});
}

void _assert_string_not_equal(const char* a, const char* b, const char* file, int line) {
    if (!cmocka::strings_differ(a, b)) fail_at({file, line});
}

void _assert_memory_equal(const void* a, const void* b, size_t size, const char* file, int line) {
    if (!cmocka::memory_equal(a, b, size)) fail_at({file, line});
}

void _assert_memory_not_equal(const void* a, const void* b, size_t size, const char* file, int line) {
    if (!cmocka::memory_differs(a, b, size)) fail_at({file, line});
}

void _assert_in_range(LargestIntegralType value, LargestIntegralType minimum, LargestIntegralType maximum,
                      const char* file, int line) {
    if (!cmocka::in_range(value, minimum, maximum)) fail_at({file, line});
}

void _assert_not_in_range(LargestIntegralType value, LargestIntegralType minimum, LargestIntegralType maximum,
                          const char* file, int line) {
    if (!cmocka::not_in_range(value, minimum, maximum)) fail_at({file, line});
}

void _assert_in_set(LargestIntegralType value, const LargestIntegralType values[], size_t number_of_values,
                    const char* file, int line) {
    if (!cmocka::in_set(value, values, number_of_values)) fail_at({file, line});
}

void _assert_not_in_set(LargestIntegralType value, const LargestIntegralType values[],
                        size_t number_of_values, const char* file, int line) {
    if (!cmocka::not_in_set(value, values, number_of_values)) fail_at({file, line});
}

void _fail(const char* file, int line) {
    fail_at({file, line});
}

void _fail_text(const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    std::fflush(stdout);
    std::fputs("ERROR: ", stderr);
    vprint_error(format, arguments);
    std::fputs("\n", stderr);
    va_end(arguments);
    va_start(arguments, format);
    cmocka::note(format, arguments);
    va_end(arguments);
}

void _skip(const char* file, int line) {
    cmocka::skip_at({file, line});
}

void mock_assert(int result, const char* expression, const char* file, int line) {
    if (result != 0) return;
    if (global_expecting_assert != 0) {
        global_last_failed_assert = expression;
        std::longjmp(global_expect_assert_env, 1);
    }
    say("ASSERT: %s\n", expression);
    fail_at({file, line});
}

void _missed_assert(const char* call, const char* file, int line) {
    global_expecting_assert = 0;
    print_error("Expected assert in %s\n", call);
    fail_at({file, line});
}
