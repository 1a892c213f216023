// Setups and teardowns of tests: what they hand on, and how each can fail.
#include "headers.h"

static int answer(void) {
    return mock_type(int);
}

static const char* shown(void** state) {
    return *state != NULL ? *state : "nothing";
}

static void passes(void** state) {
    print_message("test %s\n", shown(state));
}
static void fails(void** state) {
    print_message("test %s\n", shown(state));
    assert_int_equal(1, 2);
}
static void skips(void** state) {
    (void)state;
    skip();
}
static void changes_state(void** state) {
    *state = "changed";
}
static void queues(void** state) {
    (void)state;
    will_return(answer, 1);
}

static int set_up(void** state) {
    print_message("setup %s\n", shown(state));
    *state = "of setup";
    return 0;
}
static int set_null(void** state) {
    *state = NULL;
    return 0;
}
static int tear_down(void** state) {
    print_message("teardown %s\n", shown(state));
    return 0;
}
static int return_one(void** state) {
    *state = "of a failed one";
    return 1;
}
static int return_minus_one(void** state) {
    (void)state;
    print_error("cannot\n");
    return -1;
}
static int assert_something(void** state) {
    (void)state;
    assert_int_equal(3, 4);
    return 0;
}
static int queue_value(void** state) {
    (void)state;
    will_return(answer, 5);
    return 0;
}
static int expect_call(void** state) {
    (void)state;
    expect_function_call(never_called);
    return 0;
}
static int use_value(void** state) {
    (void)state;
    return answer() - 1;
}
static int skip_it(void** state) {
    (void)state;
    skip();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(passes, set_up, tear_down),
        cmocka_unit_test_setup(passes, set_up),
        cmocka_unit_test_teardown(passes, tear_down),
        cmocka_unit_test_setup_teardown(fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(skips, set_up, tear_down),
        cmocka_unit_test_setup_teardown(passes, return_one, tear_down),
        cmocka_unit_test_setup(passes, return_minus_one),
        cmocka_unit_test_setup(passes, assert_something),
        cmocka_unit_test_setup(passes, queue_value),
        cmocka_unit_test_setup(passes, expect_call),
        cmocka_unit_test_teardown(passes, return_one),
        cmocka_unit_test_teardown(passes, return_minus_one),
        cmocka_unit_test_teardown(passes, assert_something),
        cmocka_unit_test_teardown(fails, assert_something),
        cmocka_unit_test_teardown(fails, return_one),
        cmocka_unit_test_teardown(skips, return_one),
        cmocka_unit_test_teardown(passes, queue_value),
        cmocka_unit_test_teardown(queues, use_value),
        cmocka_unit_test_teardown(changes_state, tear_down),
        cmocka_unit_test(passes),
        cmocka_unit_test_prestate(passes, "prepared"),
        cmocka_unit_test_prestate_setup_teardown(passes, set_up, tear_down, "prepared"),
        cmocka_unit_test_prestate_setup_teardown(passes, NULL, tear_down, "prepared"),
        cmocka_unit_test_prestate_setup_teardown(passes, set_null, tear_down, "prepared"),
        {"named otherwise", passes, NULL, NULL, NULL},
        {NULL, passes, NULL, NULL, NULL},
        {"without a function", NULL, NULL, NULL, NULL},
        // Last: CMocka 1.1.5 would take a failure that follows for skipped.
        cmocka_unit_test_teardown(passes, skip_it),
        cmocka_unit_test_setup(passes, skip_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
