// mock and will_return: values used up, left over, for ever, missing.
#include "headers.h"

static int answer(void) {
    return mock_type(int);
}
static const char* name(void) {
    return mock_ptr_type(const char*);
}

static void one_value(void** state) {
    (void)state;
    will_return(answer, 5);
    assert_int_equal(answer(), 5);
}
static void values_in_order(void** state) {
    (void)state;
    will_return(answer, 5);
    will_return(name, "five");
    will_return(answer, -6);
    assert_int_equal(answer(), 5);
    assert_int_equal(answer(), -6);
    assert_string_equal(name(), "five");
}
static void counted(void** state) {
    (void)state;
    will_return_count(answer, 7, 2);
    will_return(answer, 8);
    assert_int_equal(answer(), 7);
    assert_int_equal(answer(), 7);
    assert_int_equal(answer(), 8);
}
static void always(void** state) {
    (void)state;
    will_return_always(answer, 9);
    for (int i = 0; i < 5; ++i)
        assert_int_equal(answer(), 9);
}
static void maybe_not(void** state) {
    (void)state;
    will_return_maybe(answer, 9);
}
static void maybe_often(void** state) {
    (void)state;
    will_return_maybe(answer, 9);
    assert_int_equal(answer(), 9);
    assert_int_equal(answer(), 9);
}
static void nothing_queued(void** state) {
    (void)state;
    answer();
}
static void used_up(void** state) {
    (void)state;
    will_return(answer, 5);
    answer();
    answer();
}
static void other_function_queued(void** state) {
    (void)state;
    will_return(name, "x");
    answer();
}
static void value_left(void** state) {
    (void)state;
    will_return(answer, 5);
    will_return(answer, 6);
    answer();
}
static void count_left(void** state) {
    (void)state;
    will_return_count(answer, 5, 3);
    answer();
}
static void two_functions_left(void** state) {
    (void)state;
    will_return(answer, 5);
    will_return(name, "x");
    will_return_count(answer, 5, 2);
}
static void always_unused(void** state) {
    (void)state;
    will_return_always(answer, 5);
}
static void behind_always(void** state) {
    (void)state;
    will_return_always(answer, 5);
    will_return(answer, 6);
    assert_int_equal(answer(), 5);
    assert_int_equal(answer(), 5);
}
static void count_of_zero(void** state) {
    (void)state;
    will_return_count(answer, 5, 0);
}
static void failure_hides_left_values(void** state) {
    (void)state;
    will_return(answer, 5);
    fail();
}
static void nothing_left_from_before(void** state) {
    (void)state;
    will_return(answer, 1);
    assert_int_equal(answer(), 1);
}
static void skip_hides_left_values(void** state) {
    (void)state;
    will_return(answer, 5);
    skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_value),
        cmocka_unit_test(values_in_order),
        cmocka_unit_test(counted),
        cmocka_unit_test(always),
        cmocka_unit_test(maybe_not),
        cmocka_unit_test(maybe_often),
        cmocka_unit_test(nothing_queued),
        cmocka_unit_test(used_up),
        cmocka_unit_test(other_function_queued),
        cmocka_unit_test(value_left),
        cmocka_unit_test(count_left),
        cmocka_unit_test(two_functions_left),
        cmocka_unit_test(always_unused),
        cmocka_unit_test(behind_always),
        cmocka_unit_test(count_of_zero),
        cmocka_unit_test(failure_hides_left_values),
        cmocka_unit_test(nothing_left_from_before),
        cmocka_unit_test(skip_hides_left_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
