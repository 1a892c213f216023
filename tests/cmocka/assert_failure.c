// mock_assert as the assert of code under test, and expect_assert_failure.
#include "headers.h"

#define assert(condition) mock_assert((int)(condition), #condition, __FILE__, __LINE__)

static int half(int number) {
    assert(number % 2 == 0);
    return number / 2;
}

static void holds(void** state) {
    (void)state;
    assert_int_equal(half(4), 2);
}
static void expected(void** state) {
    (void)state;
    expect_assert_failure(half(3));
}
static void expected_twice(void** state) {
    (void)state;
    expect_assert_failure(half(3));
    expect_assert_failure(half(5));
    assert_int_equal(half(4), 2);
}
static void expected_in_a_branch(void** state) {
    if (*state == NULL) expect_assert_failure(half(7)) else fail();
}
static void not_expected(void** state) {
    (void)state;
    half(3);
}
static void not_expected_after_one_that_was(void** state) {
    (void)state;
    expect_assert_failure(half(3));
    half(3);
}
static void did_not_come(void** state) {
    (void)state;
    expect_assert_failure(half(4));
}
static void did_not_come_then_passes(void** state) {
    (void)state;
    assert_int_equal(half(2), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds),          cmocka_unit_test(expected),
        cmocka_unit_test(expected_twice), cmocka_unit_test(expected_in_a_branch),
        cmocka_unit_test(not_expected),   cmocka_unit_test(not_expected_after_one_that_was),
        cmocka_unit_test(did_not_come),   cmocka_unit_test(did_not_come_then_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
