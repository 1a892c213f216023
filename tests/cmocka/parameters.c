// check_expected and every expect_*: right, wrong, missing, left over.
#include "headers.h"

static void send(int kind, const char* text) {
    check_expected(kind);
    check_expected_ptr(text);
}
static void number(long value) {
    check_expected(value);
}
static void text(const void* value) {
    check_expected_ptr(value);
}

static LargestIntegralType set[] = {1, 2, 3};
static int is_equal(const LargestIntegralType value, const LargestIntegralType data) {
    return value == data;
}
static int has_length(const LargestIntegralType value, const LargestIntegralType data) {
    return strlen((const char*)(uintptr_t)value) == data;
}
static int asserts_itself(const LargestIntegralType value, const LargestIntegralType data) {
    assert_int_equal(value, data);
    return 1;
}

#define TEST(name, ...)              \
    static void name(void** state) { \
        (void)state;                 \
        __VA_ARGS__;                 \
    }

TEST(value_right, expect_value(number, value, 3); number(3))
TEST(value_negative, expect_value(number, value, -3); number(-3))
TEST(value_wrong, expect_value(number, value, 3); number(4))
TEST(not_value_right, expect_not_value(number, value, 3); number(4))
TEST(not_value_wrong, expect_not_value(number, value, 3); number(3))
TEST(range_right, expect_in_range(number, value, 3, 5); number(5))
TEST(range_wrong, expect_in_range(number, value, 3, 5); number(6))
TEST(not_range_right, expect_not_in_range(number, value, 3, 5); number(6))
TEST(not_range_wrong, expect_not_in_range(number, value, 3, 5); number(4))
TEST(set_right, expect_in_set(number, value, set); number(3))
TEST(set_wrong, expect_in_set(number, value, set); number(6))
TEST(not_set_right, expect_not_in_set(number, value, set); number(6))
TEST(not_set_wrong, expect_not_in_set(number, value, set); number(3))
TEST(set_is_copied, LargestIntegralType mine[] = {7, 8}; expect_in_set(number, value, mine); mine[0] = 0;
     number(7))
TEST(string_right, expect_string(text, value, "abc"); text("abc"))
TEST(string_wrong, expect_string(text, value, "abc"); text("abd"))
TEST(not_string_right, expect_not_string(text, value, "abc"); text("abd"))
TEST(not_string_wrong, expect_not_string(text, value, "abc"); text("abc"))
TEST(string_is_not_copied, char mine[] = "abc"; expect_string(text, value, mine); mine[0] = 'x'; text("xbc"))
TEST(memory_right, expect_memory(text, value, "a\0b", 3); text("a\0bc"))
TEST(memory_wrong, expect_memory(text, value, "abc", 3); text("abd"))
TEST(not_memory_right, expect_not_memory(text, value, "a\0b", 3); text("a\0c"))
TEST(not_memory_wrong, expect_not_memory(text, value, "abc", 3); text("abcd"))
TEST(memory_is_copied, char mine[] = "abc"; expect_memory(text, value, mine, 3); mine[0] = 'x'; text("abc"))
TEST(any_right, expect_any(number, value); number(1))
TEST(any_once_only, expect_any(number, value); number(1); number(2))
TEST(any_always, expect_any_always(number, value); number(1); number(2); number(3))
TEST(any_always_unused, expect_any_always(number, value))
TEST(check_right, expect_check(number, value, is_equal, 5); number(5))
TEST(check_wrong, expect_check(number, value, is_equal, 5); number(6))
TEST(check_of_pointer, expect_check(text, value, has_length, 4); text("four"))
TEST(check_that_asserts, expect_check(number, value, asserts_itself, 4); number(5))

TEST(counts_right, expect_value_count(number, value, 3, 2); expect_not_value_count(number, value, 3, 2);
     expect_in_range_count(number, value, 3, 5, 2); expect_not_in_range_count(number, value, 3, 5, 2);
     expect_in_set_count(number, value, set, 2); expect_not_in_set_count(number, value, set, 2);
     expect_any_count(number, value, 2); number(3); number(3); number(4); number(4); number(3); number(5);
     number(2); number(6); number(1); number(2); number(0); number(4); number(1); number(1))
TEST(counts_right_of_pointers, expect_string_count(text, value, "abc", 2);
     expect_not_string_count(text, value, "abc", 2); expect_memory_count(text, value, "ab", 2, 2);
     expect_not_memory_count(text, value, "ab", 2, 2); text("abc"); text("abc"); text("x"); text("");
     text("ab"); text("abc"); text("ba"); text("ac"))
TEST(count_left, expect_value_count(number, value, 3, 2); number(3))
TEST(count_used_up, expect_value_count(number, value, 3, 1); number(3); number(3))
TEST(count_always, expect_value_count(number, value, 4, -1); number(4); number(4))
TEST(count_always_unused, expect_value_count(number, value, 4, -1))
TEST(count_maybe, expect_value_count(number, value, 4, -2))
TEST(count_maybe_used, expect_value_count(number, value, 4, -2); number(4); number(4))
TEST(count_zero, expect_value_count(number, value, 4, 0))
TEST(count_zero_called, expect_value_count(number, value, 4, 0); number(4))
TEST(count_less_than_maybe, expect_value_count(number, value, 4, -3); number(4); number(4))

TEST(two_parameters, expect_value(send, kind, 1); expect_string(send, text, "x"); send(1, "x"))
TEST(second_parameter_wrong, expect_value(send, kind, 1); expect_string(send, text, "x"); send(1, "y"))
TEST(second_parameter_unexpected, expect_value(send, kind, 1); send(1, "y"))
TEST(first_parameter_unexpected, expect_string(send, text, "x"); send(1, "x"))
TEST(nothing_expected, number(3))
TEST(in_order, expect_value(number, value, 1); expect_value(number, value, 2); number(1); number(2))
TEST(in_wrong_order, expect_value(number, value, 1); expect_value(number, value, 2); number(2); number(1))
TEST(one_left, expect_value(number, value, 1))
TEST(several_left, expect_value(number, value, 1); expect_value(send, kind, 3); expect_value(send, kind, 4);
     expect_any(text, value))

#define T cmocka_unit_test
int main(void) {
    const struct CMUnitTest tests[] = {
        T(value_right),
        T(value_negative),
        T(value_wrong),
        T(not_value_right),
        T(not_value_wrong),
        T(range_right),
        T(range_wrong),
        T(not_range_right),
        T(not_range_wrong),
        T(set_right),
        T(set_wrong),
        T(not_set_right),
        T(not_set_wrong),
        T(set_is_copied),
        T(string_right),
        T(string_wrong),
        T(not_string_right),
        T(not_string_wrong),
        T(string_is_not_copied),
        T(memory_right),
        T(memory_wrong),
        T(not_memory_right),
        T(not_memory_wrong),
        T(memory_is_copied),
        T(any_right),
        T(any_once_only),
        T(any_always),
        T(any_always_unused),
        T(check_right),
        T(check_wrong),
        T(check_of_pointer),
        T(check_that_asserts),
        T(counts_right),
        T(counts_right_of_pointers),
        T(count_left),
        T(count_used_up),
        T(count_always),
        T(count_always_unused),
        T(count_maybe),
        T(count_maybe_used),
        T(count_zero),
        T(count_zero_called),
        T(count_less_than_maybe),
        T(two_parameters),
        T(second_parameter_wrong),
        T(second_parameter_unexpected),
        T(first_parameter_unexpected),
        T(nothing_expected),
        T(in_order),
        T(in_wrong_order),
        T(one_left),
        T(several_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
