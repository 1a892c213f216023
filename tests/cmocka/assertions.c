// Every assertion once where it holds and once where it does not, and the values at the borders.
#include <errno.h>

#include "headers.h"

#define HOLDS(name, ...)             \
    static void name(void** state) { \
        (void)state;                 \
        __VA_ARGS__;                 \
    }
#define FAILS HOLDS

static const LargestIntegralType set[] = {1, 2, 30, (LargestIntegralType)-1};
static int object, other;

HOLDS(true_holds, assert_true(1); assert_true(-1); assert_true(&object))
FAILS(true_fails, assert_true(1 == 2))
HOLDS(false_holds, assert_false(0))
FAILS(false_fails, assert_false(object == 0))
HOLDS(null_holds, assert_null(NULL))
FAILS(null_fails, assert_null((void*)16))
HOLDS(non_null_holds, assert_non_null(&object))
FAILS(non_null_fails, char* pointer = NULL; assert_non_null(pointer))

HOLDS(int_equal_holds, assert_int_equal(3, 3); assert_int_equal(-1, (LargestIntegralType)-1))
FAILS(int_equal_fails, assert_int_equal(-1, 16))
FAILS(int_equal_zero, assert_int_equal(1, 0))
FAILS(int_equal_widths, assert_int_equal((signed char)-1, (unsigned char)255))
HOLDS(int_not_equal_holds, assert_int_not_equal(1, 2))
FAILS(int_not_equal_fails, assert_int_not_equal(16, 16))
HOLDS(ptr_equal_holds, assert_ptr_equal(&object, &object))
FAILS(ptr_equal_fails, assert_ptr_equal((void*)16, (void*)32))
HOLDS(ptr_not_equal_holds, assert_ptr_not_equal(&object, &other))
FAILS(ptr_not_equal_fails, assert_ptr_not_equal((void*)16, (void*)16))

HOLDS(string_equal_holds, assert_string_equal("abc", "abc"); assert_string_equal("", ""))
FAILS(string_equal_fails, assert_string_equal("abc", "a\nd"))
FAILS(string_equal_prefix, assert_string_equal("abc", "abcd"))
HOLDS(string_not_equal_holds, assert_string_not_equal("abc", "abd"))
FAILS(string_not_equal_fails, assert_string_not_equal("abc", "abc"))
HOLDS(memory_equal_holds, assert_memory_equal("a\0b", "a\0b", 3); assert_memory_equal("a", "b", 0))
FAILS(memory_equal_fails, assert_memory_equal("abcdef", "abxdey", 6))
FAILS(memory_equal_behind_zero, assert_memory_equal("a\0b", "a\0c", 3))
FAILS(memory_equal_everywhere, char a[40]; char b[40]; memset(a, 1, 40); memset(b, 200, 40);
      assert_memory_equal(a, b, 40))
FAILS(memory_equal_16_differ, assert_memory_equal("0123456789abcdef", "ABCDEFGHIJKLMNOP", 16))
FAILS(memory_equal_17_differ, assert_memory_equal("0123456789abcdefg", "ABCDEFGHIJKLMNOPQ", 17))
HOLDS(memory_not_equal_holds, assert_memory_not_equal("a\0b", "a\0c", 3))
FAILS(memory_not_equal_fails, assert_memory_not_equal("abcdef", "abcdef", 6))
FAILS(memory_not_equal_empty, assert_memory_not_equal("a", "b", 0))

HOLDS(in_range_holds, assert_in_range(6, 6, 20); assert_in_range(20, 6, 20); assert_in_range(7, 7, 7))
FAILS(in_range_below, assert_in_range(5, 6, 20))
FAILS(in_range_above, assert_in_range(21, 6, 20))
FAILS(in_range_negative, assert_in_range(-1, -5, 0))
FAILS(in_range_reversed, assert_in_range(5, 10, 1))
HOLDS(not_in_range_holds, assert_not_in_range(5, 6, 20); assert_not_in_range(21, 6, 20))
FAILS(not_in_range_lower_end, assert_not_in_range(6, 6, 20))
FAILS(not_in_range_upper_end, assert_not_in_range(20, 6, 20))
HOLDS(in_set_holds, assert_in_set(1, set, 4); assert_in_set(-1, set, 4))
FAILS(in_set_fails, assert_in_set(5, set, 4))
FAILS(in_set_shorter, assert_in_set(30, set, 2))
FAILS(in_set_empty, assert_in_set(1, set, 0))
HOLDS(not_in_set_holds, assert_not_in_set(5, set, 4); assert_not_in_set(1, set, 0))
FAILS(not_in_set_fails, assert_not_in_set(30, set, 4))

HOLDS(float_equal_holds, assert_float_equal(1.5, 1.6, 0.2); assert_float_equal(1, 1, 0))
FAILS(float_equal_fails, assert_float_equal(1.5, 1.25, 0.1))
HOLDS(float_equal_on_the_edge, assert_float_equal(1.0, 1.5, 0.5))
HOLDS(float_equal_by_precision, assert_float_equal(10000000.0, 10000001.0, 0))
FAILS(float_equal_beyond_precision, assert_float_equal(1000.0, 1000.0001, 0))
FAILS(float_equal_small, assert_float_equal(1e-9, 2e-9, 0))
FAILS(float_equal_signs, assert_float_equal(100, -100, 1.9))
HOLDS(float_equal_not_a_number, float nan = strtof("nan", NULL); assert_float_equal(nan, nan, 0.5))
HOLDS(float_equal_infinite, float inf = strtof("inf", NULL); assert_float_equal(inf, inf, 0.5))
FAILS(float_equal_negative_epsilon, assert_float_equal(1, 3, -4))
HOLDS(float_not_equal_holds, assert_float_not_equal(1, 2, 0.5))
FAILS(float_not_equal_fails, assert_float_not_equal(1.5, 1.5, 0.1))
FAILS(float_not_equal_on_the_edge, assert_float_not_equal(1.0, 1.5, 0.5))
FAILS(float_not_equal_infinite, float inf = strtof("inf", NULL); assert_float_not_equal(inf, -inf, 0.5))

HOLDS(return_code_holds, assert_return_code(0, 0); assert_return_code(3, EINVAL))
FAILS(return_code_negative, assert_return_code(-1, 0))
FAILS(return_code_with_errno, assert_return_code(-1, ENOENT))
FAILS(return_code_unknown_errno, int rc = -5; assert_return_code(rc, -1))
HOLDS(return_code_char_127, signed char rc = 127; assert_return_code(rc, 0))
HOLDS(return_code_char_254, unsigned char rc = 254; assert_return_code(rc, 0))
FAILS(return_code_char_255, unsigned char rc = 255; assert_return_code(rc, 0))
FAILS(return_code_char_negative, signed char rc = -5; assert_return_code(rc, EINVAL))
HOLDS(return_code_short_32766, short rc = 32766; assert_return_code(rc, 0))
FAILS(return_code_short_32767, short rc = 32767; assert_return_code(rc, 0))
FAILS(return_code_short_negative, short rc = -5; assert_return_code(rc, 0))
HOLDS(return_code_int_near_most, int rc = 2147483646; assert_return_code(rc, 0))
FAILS(return_code_int_most, int rc = 2147483647; assert_return_code(rc, 0))
FAILS(return_code_unsigned, unsigned rc = 4294967295U; assert_return_code(rc, EINVAL))
HOLDS(return_code_long, long rc = 4294967296L; assert_return_code(rc, 0))
HOLDS(return_code_long_near_most, long rc = 0x7ffffffffffffffeL; assert_return_code(rc, 0))
FAILS(return_code_long_most, long rc = 0x7fffffffffffffffL; assert_return_code(rc, 0))
FAILS(return_code_long_negative, long rc = -1; assert_return_code(rc, EINVAL))

FAILS(fail_fails, fail())
FAILS(fail_msg_fails, fail_msg("plain"))
FAILS(fail_msg_formats, fail_msg("%d of %s", 5, "six"))
FAILS(skip_skips, skip(); fail())
FAILS(first_failure_ends_the_test, assert_true(1); assert_int_equal(1, 2); assert_int_equal(3, 4))

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(true_holds),
        cmocka_unit_test(true_fails),
        cmocka_unit_test(false_holds),
        cmocka_unit_test(false_fails),
        cmocka_unit_test(null_holds),
        cmocka_unit_test(null_fails),
        cmocka_unit_test(non_null_holds),
        cmocka_unit_test(non_null_fails),
        cmocka_unit_test(int_equal_holds),
        cmocka_unit_test(int_equal_fails),
        cmocka_unit_test(int_equal_zero),
        cmocka_unit_test(int_equal_widths),
        cmocka_unit_test(int_not_equal_holds),
        cmocka_unit_test(int_not_equal_fails),
        cmocka_unit_test(ptr_equal_holds),
        cmocka_unit_test(ptr_equal_fails),
        cmocka_unit_test(ptr_not_equal_holds),
        cmocka_unit_test(ptr_not_equal_fails),
        cmocka_unit_test(string_equal_holds),
        cmocka_unit_test(string_equal_fails),
        cmocka_unit_test(string_equal_prefix),
        cmocka_unit_test(string_not_equal_holds),
        cmocka_unit_test(string_not_equal_fails),
        cmocka_unit_test(memory_equal_holds),
        cmocka_unit_test(memory_equal_fails),
        cmocka_unit_test(memory_equal_behind_zero),
        cmocka_unit_test(memory_equal_everywhere),
        cmocka_unit_test(memory_equal_16_differ),
        cmocka_unit_test(memory_equal_17_differ),
        cmocka_unit_test(memory_not_equal_holds),
        cmocka_unit_test(memory_not_equal_fails),
        cmocka_unit_test(memory_not_equal_empty),
        cmocka_unit_test(in_range_holds),
        cmocka_unit_test(in_range_below),
        cmocka_unit_test(in_range_above),
        cmocka_unit_test(in_range_negative),
        cmocka_unit_test(in_range_reversed),
        cmocka_unit_test(not_in_range_holds),
        cmocka_unit_test(not_in_range_lower_end),
        cmocka_unit_test(not_in_range_upper_end),
        cmocka_unit_test(in_set_holds),
        cmocka_unit_test(in_set_fails),
        cmocka_unit_test(in_set_shorter),
        cmocka_unit_test(in_set_empty),
        cmocka_unit_test(not_in_set_holds),
        cmocka_unit_test(not_in_set_fails),
        cmocka_unit_test(float_equal_holds),
        cmocka_unit_test(float_equal_fails),
        cmocka_unit_test(float_equal_on_the_edge),
        cmocka_unit_test(float_equal_by_precision),
        cmocka_unit_test(float_equal_beyond_precision),
        cmocka_unit_test(float_equal_small),
        cmocka_unit_test(float_equal_signs),
        cmocka_unit_test(float_equal_not_a_number),
        cmocka_unit_test(float_equal_infinite),
        cmocka_unit_test(float_equal_negative_epsilon),
        cmocka_unit_test(float_not_equal_holds),
        cmocka_unit_test(float_not_equal_fails),
        cmocka_unit_test(float_not_equal_on_the_edge),
        cmocka_unit_test(float_not_equal_infinite),
        cmocka_unit_test(return_code_holds),
        cmocka_unit_test(return_code_negative),
        cmocka_unit_test(return_code_with_errno),
        cmocka_unit_test(return_code_unknown_errno),
        cmocka_unit_test(return_code_char_127),
        cmocka_unit_test(return_code_char_254),
        cmocka_unit_test(return_code_char_255),
        cmocka_unit_test(return_code_char_negative),
        cmocka_unit_test(return_code_short_32766),
        cmocka_unit_test(return_code_short_32767),
        cmocka_unit_test(return_code_short_negative),
        cmocka_unit_test(return_code_int_near_most),
        cmocka_unit_test(return_code_int_most),
        cmocka_unit_test(return_code_unsigned),
        cmocka_unit_test(return_code_long),
        cmocka_unit_test(return_code_long_near_most),
        cmocka_unit_test(return_code_long_most),
        cmocka_unit_test(return_code_long_negative),
        cmocka_unit_test(fail_fails),
        cmocka_unit_test(fail_msg_fails),
        cmocka_unit_test(fail_msg_formats),
        cmocka_unit_test(skip_skips),
        cmocka_unit_test(first_failure_ends_the_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
