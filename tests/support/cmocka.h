/* CMocka 1.1.5's interface on GoogleTest, for test files in C11 or C++ that were written for CMocka. In: the
 * tests' groups (cmocka_run_group_tests), assertions, mock values and expectations. Out: GoogleTest tests;
 * how they end, what is printed and which flags there are stands in tests/support/README.md. Behind it is the
 * library below cmocka/: link it and -lgtest.
 *
 * Nothing of C++ here, nor of GoogleTest. A failing assertion jumps (longjmp) back to whoever called the test
 * function. Names with a leading underscore are what the macros call; helpers of one's own may call them too,
 * as with CMocka. */
#ifndef CMOCKA_H_
#define CMOCKA_H_

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- values: every integer and pointer travels as the largest unsigned integer --- */
#ifndef LargestIntegralType
#define LargestIntegralType uintmax_t
#endif
#ifndef LargestIntegralTypePrintfFormat
#define LargestIntegralTypePrintfFormat "%#" PRIxMAX
#endif
#ifndef LargestIntegralTypePrintfFormatDecimal
#define LargestIntegralTypePrintfFormatDecimal "%" PRIuMAX
#endif
#ifndef FloatPrintfFormat
#define FloatPrintfFormat "%f"
#endif
#define cast_to_largest_integral_type(value) ((LargestIntegralType)(value))
#define cast_to_pointer_integral_type(value) ((uintptr_t)((size_t)(value)))
#define cast_ptr_to_largest_integral_type(value) \
    cast_to_largest_integral_type(cast_to_pointer_integral_type(value))

/* Where a macro stands: two arguments. */
#define CMOCKA_PLACE __FILE__, __LINE__

#ifdef __GNUC__
#define CMOCKA_PRINTF_ATTRIBUTE(format, first) __attribute__((__format__(__printf__, format, first)))
#define CMOCKA_DEPRECATED __attribute__((deprecated))
#else
#define CMOCKA_PRINTF_ATTRIBUTE(format, first)
#define CMOCKA_DEPRECATED
#endif

/* --- assertions: the test goes on when they hold, and is left when they do not --- */
#define assert_true(c) _assert_true(cast_to_largest_integral_type(c), #c, CMOCKA_PLACE)
#define assert_false(c) _assert_true(!cast_to_largest_integral_type(c), #c, CMOCKA_PLACE)
#define assert_non_null(c) _assert_true(cast_ptr_to_largest_integral_type(c), #c, CMOCKA_PLACE)
#define assert_null(c) _assert_true(!cast_ptr_to_largest_integral_type(c), #c, CMOCKA_PLACE)
/* rc is not negative; error is the errno to name, or 0. */
#define assert_return_code(rc, error)                                                                        \
    _assert_return_code(cast_to_largest_integral_type(rc), sizeof(rc), cast_to_largest_integral_type(error), \
                        #rc, CMOCKA_PLACE)

#define assert_int_equal(a, b) \
    _assert_int_equal(cast_to_largest_integral_type(a), cast_to_largest_integral_type(b), CMOCKA_PLACE)
#define assert_int_not_equal(a, b) \
    _assert_int_not_equal(cast_to_largest_integral_type(a), cast_to_largest_integral_type(b), CMOCKA_PLACE)
#define assert_ptr_equal(a, b)                                                                    \
    _assert_int_equal(cast_ptr_to_largest_integral_type(a), cast_ptr_to_largest_integral_type(b), \
                      CMOCKA_PLACE)
#define assert_ptr_not_equal(a, b)                                                                    \
    _assert_int_not_equal(cast_ptr_to_largest_integral_type(a), cast_ptr_to_largest_integral_type(b), \
                          CMOCKA_PLACE)
/* At most epsilon apart, or as near as the precision of a float allows. */
#define assert_float_equal(a, b, epsilon) \
    _assert_float_equal((float)(a), (float)(b), (float)(epsilon), CMOCKA_PLACE)
#define assert_float_not_equal(a, b, epsilon) \
    _assert_float_not_equal((float)(a), (float)(b), (float)(epsilon), CMOCKA_PLACE)

#define assert_string_equal(a, b) _assert_string_equal((const char*)(a), (const char*)(b), CMOCKA_PLACE)
#define assert_string_not_equal(a, b) \
    _assert_string_not_equal((const char*)(a), (const char*)(b), CMOCKA_PLACE)
#define assert_memory_equal(a, b, size) \
    _assert_memory_equal((const void*)(a), (const void*)(b), size, CMOCKA_PLACE)
#define assert_memory_not_equal(a, b, size) \
    _assert_memory_not_equal((const void*)(a), (const void*)(b), size, CMOCKA_PLACE)

/* Both ends of a range belong to it. */
#define assert_in_range(value, minimum, maximum)                                                   \
    _assert_in_range(cast_to_largest_integral_type(value), cast_to_largest_integral_type(minimum), \
                     cast_to_largest_integral_type(maximum), CMOCKA_PLACE)
#define assert_not_in_range(value, minimum, maximum)                                                   \
    _assert_not_in_range(cast_to_largest_integral_type(value), cast_to_largest_integral_type(minimum), \
                         cast_to_largest_integral_type(maximum), CMOCKA_PLACE)
#define assert_in_set(value, values, number_of_values) \
    _assert_in_set(cast_to_largest_integral_type(value), values, number_of_values, CMOCKA_PLACE)
#define assert_not_in_set(value, values, number_of_values) \
    _assert_not_in_set(cast_to_largest_integral_type(value), values, number_of_values, CMOCKA_PLACE)

#define fail() _fail(CMOCKA_PLACE)
/* fail_msg(format, ...) as printf. */
#define fail_msg(...) (_fail_text(__VA_ARGS__), _fail(CMOCKA_PLACE))
#define skip() _skip(CMOCKA_PLACE)

void _assert_true(LargestIntegralType result, const char* expression, const char* file, int line);
void _assert_return_code(LargestIntegralType result, size_t rlen, LargestIntegralType error,
                         const char* expression, const char* file, int line);
void _assert_int_equal(LargestIntegralType a, LargestIntegralType b, const char* file, int line);
void _assert_int_not_equal(LargestIntegralType a, LargestIntegralType b, const char* file, int line);
void _assert_float_equal(float a, float b, float epsilon, const char* file, int line);
void _assert_float_not_equal(float a, float b, float epsilon, const char* file, int line);
void _assert_string_equal(const char* a, const char* b, const char* file, int line);
void _assert_string_not_equal(const char* a, const char* b, const char* file, int line);
void _assert_memory_equal(const void* a, const void* b, size_t size, const char* file, int line);
void _assert_memory_not_equal(const void* a, const void* b, size_t size, const char* file, int line);
void _assert_in_range(LargestIntegralType value, LargestIntegralType minimum, LargestIntegralType maximum,
                      const char* file, int line);
void _assert_not_in_range(LargestIntegralType value, LargestIntegralType minimum, LargestIntegralType maximum,
                          const char* file, int line);
void _assert_in_set(LargestIntegralType value, const LargestIntegralType values[], size_t number_of_values,
                    const char* file, int line);
void _assert_not_in_set(LargestIntegralType value, const LargestIntegralType values[],
                        size_t number_of_values, const char* file, int line);
void _fail(const char* file, int line);
void _fail_text(const char* format, ...) CMOCKA_PRINTF_ATTRIBUTE(1, 2);
void _skip(const char* file, int line);

/* --- what mocked functions return --- */
/* Counts: so often, or any number of times but at least once (ALWAYS), or any number of times (ONCE, of the
 * _maybe form). */
#define WILL_RETURN_ALWAYS -1
#define WILL_RETURN_ONCE -2

#define mock() _mock(__func__, CMOCKA_PLACE)
#define mock_type(type) ((type)mock())
#define mock_ptr_type(type) ((type)(uintptr_t)mock())
#define will_return(function, value) \
    _will_return(#function, CMOCKA_PLACE, cast_to_largest_integral_type(value), 1)
#define will_return_always(function, value) will_return_count(function, (value), WILL_RETURN_ALWAYS)
#define will_return_maybe(function, value) will_return_count(function, (value), WILL_RETURN_ONCE)
#define will_return_count(function, value, count) \
    _will_return(#function, CMOCKA_PLACE, cast_to_largest_integral_type(value), count)

LargestIntegralType _mock(const char* function, const char* file, int line);
void _will_return(const char* function_name, const char* file, int line, LargestIntegralType value,
                  int count);

/* --- what mocked functions are called with --- */
/* Strings are compared as they are when the call comes; memory and sets are copied when they are expected. */
#define check_expected(parameter) \
    _check_expected(__func__, #parameter, CMOCKA_PLACE, cast_to_largest_integral_type(parameter))
#define check_expected_ptr(parameter) \
    _check_expected(__func__, #parameter, CMOCKA_PLACE, cast_ptr_to_largest_integral_type(parameter))

#define expect_check(function, parameter, check_function, check_data)  \
    _expect_check(#function, #parameter, CMOCKA_PLACE, check_function, \
                  cast_to_largest_integral_type(check_data), NULL, 1)
#define expect_any(function, parameter) expect_any_count(function, parameter, 1)
#define expect_any_always(function, parameter) expect_any_count(function, parameter, WILL_RETURN_ALWAYS)
#define expect_any_count(function, parameter, count) _expect_any(#function, #parameter, CMOCKA_PLACE, count)

#define expect_value(function, parameter, value) expect_value_count(function, parameter, value, 1)
#define expect_value_count(function, parameter, value, count) \
    _expect_value(#function, #parameter, CMOCKA_PLACE, cast_to_largest_integral_type(value), count)
#define expect_not_value(function, parameter, value) expect_not_value_count(function, parameter, value, 1)
#define expect_not_value_count(function, parameter, value, count) \
    _expect_not_value(#function, #parameter, CMOCKA_PLACE, cast_to_largest_integral_type(value), count)

/* The array itself, not a pointer to it: its size is taken. */
#define expect_in_set(function, parameter, value_array) \
    expect_in_set_count(function, parameter, value_array, 1)
#define expect_in_set_count(function, parameter, value_array, count) \
    _expect_in_set(#function, #parameter, CMOCKA_PLACE, value_array, \
                   sizeof(value_array) / sizeof((value_array)[0]), count)
#define expect_not_in_set(function, parameter, value_array) \
    expect_not_in_set_count(function, parameter, value_array, 1)
#define expect_not_in_set_count(function, parameter, value_array, count) \
    _expect_not_in_set(#function, #parameter, CMOCKA_PLACE, value_array, \
                       sizeof(value_array) / sizeof((value_array)[0]), count)

#define expect_in_range(function, parameter, minimum, maximum) \
    expect_in_range_count(function, parameter, minimum, maximum, 1)
#define expect_in_range_count(function, parameter, minimum, maximum, count)                       \
    _expect_in_range(#function, #parameter, CMOCKA_PLACE, cast_to_largest_integral_type(minimum), \
                     cast_to_largest_integral_type(maximum), count)
#define expect_not_in_range(function, parameter, minimum, maximum) \
    expect_not_in_range_count(function, parameter, minimum, maximum, 1)
#define expect_not_in_range_count(function, parameter, minimum, maximum, count)                       \
    _expect_not_in_range(#function, #parameter, CMOCKA_PLACE, cast_to_largest_integral_type(minimum), \
                         cast_to_largest_integral_type(maximum), count)

#define expect_string(function, parameter, string) expect_string_count(function, parameter, string, 1)
#define expect_string_count(function, parameter, string, count) \
    _expect_string(#function, #parameter, CMOCKA_PLACE, (const char*)(string), count)
#define expect_not_string(function, parameter, string) expect_not_string_count(function, parameter, string, 1)
#define expect_not_string_count(function, parameter, string, count) \
    _expect_not_string(#function, #parameter, CMOCKA_PLACE, (const char*)(string), count)

#define expect_memory(function, parameter, memory, size) \
    expect_memory_count(function, parameter, memory, size, 1)
#define expect_memory_count(function, parameter, memory, size, count) \
    _expect_memory(#function, #parameter, CMOCKA_PLACE, (const void*)(memory), size, count)
#define expect_not_memory(function, parameter, memory, size) \
    expect_not_memory_count(function, parameter, memory, size, 1)
#define expect_not_memory_count(function, parameter, memory, size, count) \
    _expect_not_memory(#function, #parameter, CMOCKA_PLACE, (const void*)(memory), size, count)

/* Whether a parameter's value is right: not 0 if so. */
typedef int (*CheckParameterValue)(LargestIntegralType value, LargestIntegralType check_value_data);

typedef struct SourceLocation {
    const char* file;
    int line;
} SourceLocation;

typedef struct CheckParameterEvent {
    SourceLocation location;
    const char* parameter_name;
    CheckParameterValue check_value;
    LargestIntegralType check_value_data;
} CheckParameterEvent;

void _check_expected(const char* function_name, const char* parameter_name, const char* file, int line,
                     LargestIntegralType value);
/* event: NULL, or memory of malloc that is freed with the expectation. */
void _expect_check(const char* function, const char* parameter, const char* file, int line,
                   CheckParameterValue check_function, LargestIntegralType check_data,
                   CheckParameterEvent* event, int count);
void _expect_any(const char* function, const char* parameter, const char* file, int line, int count);
void _expect_value(const char* function, const char* parameter, const char* file, int line,
                   LargestIntegralType value, int count);
void _expect_not_value(const char* function, const char* parameter, const char* file, int line,
                       LargestIntegralType value, int count);
void _expect_in_set(const char* function, const char* parameter, const char* file, int line,
                    const LargestIntegralType values[], size_t number_of_values, int count);
void _expect_not_in_set(const char* function, const char* parameter, const char* file, int line,
                        const LargestIntegralType values[], size_t number_of_values, int count);
void _expect_in_range(const char* function, const char* parameter, const char* file, int line,
                      LargestIntegralType minimum, LargestIntegralType maximum, int count);
void _expect_not_in_range(const char* function, const char* parameter, const char* file, int line,
                          LargestIntegralType minimum, LargestIntegralType maximum, int count);
void _expect_string(const char* function, const char* parameter, const char* file, int line,
                    const char* string, int count);
void _expect_not_string(const char* function, const char* parameter, const char* file, int line,
                        const char* string, int count);
void _expect_memory(const char* function, const char* parameter, const char* file, int line,
                    const void* memory, size_t size, int count);
void _expect_not_memory(const char* function, const char* parameter, const char* file, int line,
                        const void* memory, size_t size, int count);

/* --- in which order functions are called --- */
#define function_called() _function_called(__func__, CMOCKA_PLACE)
#define expect_function_call(function) _expect_function_call(#function, CMOCKA_PLACE, 1)
#define expect_function_calls(function, times) _expect_function_call(#function, CMOCKA_PLACE, times)
#define expect_function_call_any(function) _expect_function_call(#function, CMOCKA_PLACE, -1)
#define ignore_function_calls(function) _expect_function_call(#function, CMOCKA_PLACE, -2)

void _function_called(const char* function, const char* file, int line);
void _expect_function_call(const char* function_name, const char* file, int line, int count);

/* --- assertions of the code under test; it has #define assert(c) mock_assert((int)(c), #c, file, line) ---
 */
void mock_assert(int result, const char* expression, const char* file, int line);

#define expect_assert_failure(function_call)                                          \
    {                                                                                 \
        if (setjmp(global_expect_assert_env) == 0) {                                  \
            global_expecting_assert = 1;                                              \
            function_call;                                                            \
            _missed_assert(#function_call, CMOCKA_PLACE);                             \
        }                                                                             \
        global_expecting_assert = 0;                                                  \
        print_message("Expected assertion %s occurred\n", global_last_failed_assert); \
    }

extern int global_expecting_assert;
extern jmp_buf global_expect_assert_env;
extern const char* global_last_failed_assert;
void _missed_assert(const char* call, const char* file, int line);

/* --- memory: leaks and writes beyond a block fail the test --- */
#define test_malloc(size) _test_malloc(size, CMOCKA_PLACE)
#define test_calloc(num, size) _test_calloc(num, size, CMOCKA_PLACE)
#define test_realloc(ptr, size) _test_realloc(ptr, size, CMOCKA_PLACE)
#define test_free(ptr) _test_free(ptr, CMOCKA_PLACE)

/* Code under test is compiled with UNIT_TESTING; <stdlib.h> has to come before this header then. */
#ifdef UNIT_TESTING
#define malloc test_malloc
#define realloc test_realloc
#define calloc test_calloc
#define free test_free
#endif

void* _test_malloc(size_t size, const char* file, int line);
void* _test_realloc(void* ptr, size_t size, const char* file, int line);
void* _test_calloc(size_t number_of_elements, size_t size, const char* file, int line);
void _test_free(void* ptr, const char* file, int line);

/* --- tests, groups, running --- */
typedef void (*CMUnitTestFunction)(void** state);
/* Setup or teardown: 0 when it succeeded. */
typedef int (*CMFixtureFunction)(void** state);

struct CMUnitTest {
    const char* name;
    CMUnitTestFunction test_func;
    CMFixtureFunction setup_func;
    CMFixtureFunction teardown_func;
    void* initial_state;
};

/* Each names its function by itself: handed on to another macro, a name that is a macro too would be
 * replaced. */
#define cmocka_unit_test(f) \
    { #f, f, NULL, NULL, NULL }
#define cmocka_unit_test_setup(f, setup) \
    { #f, f, setup, NULL, NULL }
#define cmocka_unit_test_teardown(f, teardown) \
    { #f, f, NULL, teardown, NULL }
#define cmocka_unit_test_setup_teardown(f, setup, teardown) \
    { #f, f, setup, teardown, NULL }
#define cmocka_unit_test_prestate(f, state) \
    { #f, f, NULL, NULL, state }
#define cmocka_unit_test_prestate_setup_teardown(f, setup, teardown, state) \
    { #f, f, setup, teardown, state }

/* The number of tests that failed. */
#define cmocka_run_group_tests(group_tests, group_setup, group_teardown)                               \
    _cmocka_run_group_tests(#group_tests, group_tests, sizeof(group_tests) / sizeof((group_tests)[0]), \
                            group_setup, group_teardown)
#define cmocka_run_group_tests_name(group_name, group_tests, group_setup, group_teardown)            \
    _cmocka_run_group_tests(group_name, group_tests, sizeof(group_tests) / sizeof((group_tests)[0]), \
                            group_setup, group_teardown)

int _cmocka_run_group_tests(const char* group_name, const struct CMUnitTest* tests, size_t num_tests,
                            CMFixtureFunction group_setup, CMFixtureFunction group_teardown);

/* Patterns for test names, * and ?; NULL: none. What does not match the first, or matches the second, is left
 * out. */
void cmocka_set_test_filter(const char* pattern);
void cmocka_set_skip_filter(const char* pattern);

/* --- output --- */
enum cm_message_output {
    CM_OUTPUT_STDOUT,
    CM_OUTPUT_SUBUNIT,
    CM_OUTPUT_TAP,
    CM_OUTPUT_XML,
};

/* The environment's CMOCKA_MESSAGE_OUTPUT wins over this one. */
void cmocka_set_message_output(enum cm_message_output output);

/* To standard output and standard error. */
void print_message(const char* format, ...) CMOCKA_PRINTF_ATTRIBUTE(1, 2);
void print_error(const char* format, ...) CMOCKA_PRINTF_ATTRIBUTE(1, 2);
void vprint_message(const char* format, va_list args) CMOCKA_PRINTF_ATTRIBUTE(1, 0);
void vprint_error(const char* format, va_list args) CMOCKA_PRINTF_ATTRIBUTE(1, 0);

#include "cmocka/older.h"

#ifdef __cplusplus
}
#endif

#endif
