// Groups: their own setup and teardown and how these fail, the state they give to tests, several in one
// program. In: which.
#include "headers.h"

static const char* shown(void** state) {
    return *state != NULL ? *state : "nothing";
}
static void passes(void** state) {
    print_message("test %s\n", shown(state));
}
static void fails(void** state) {
    (void)state;
    assert_string_equal("one", "two");
}
static void skips(void** state) {
    (void)state;
    skip();
}
static void changes_state(void** state) {
    *state = "changed";
}

static int set_up(void** state) {
    print_message("group setup\n");
    *state = "of the group";
    return 0;
}
static int set_nothing(void** state) {
    (void)state;
    return 0;
}
static int set_own(void** state) {
    print_message("setup %s\n", shown(state));
    *state = "of the test";
    return 0;
}
static int tear_down(void** state) {
    print_message("group teardown %s\n", shown(state));
    return 0;
}
static int return_one(void** state) {
    (void)state;
    print_error("no\n");
    return 1;
}
static int assert_something(void** state) {
    (void)state;
    assert_int_equal(1, 2);
    return 0;
}
static int skip_it(void** state) {
    (void)state;
    skip();
    return 0;
}
static int leave_value(void** state) {
    (void)state;
    will_return(set_nothing, 3);
    return 0;
}

int main(int argc, char** argv) {
    const struct CMUnitTest mixed[] = {
        cmocka_unit_test(passes),
        cmocka_unit_test(skips),
        cmocka_unit_test(fails),
        cmocka_unit_test(changes_state),
        cmocka_unit_test(passes),
        cmocka_unit_test_setup_teardown(passes, set_own, tear_down),
        cmocka_unit_test_prestate(passes, "prepared"),
        cmocka_unit_test_prestate_setup_teardown(passes, set_own, tear_down, "prepared"),
    };
    const struct CMUnitTest good[] = {cmocka_unit_test(passes), cmocka_unit_test(changes_state)};
    const struct CMUnitTest skipped[] = {cmocka_unit_test(skips), cmocka_unit_test(skips)};
    const struct CMUnitTest none[] = {{NULL, NULL, NULL, NULL, NULL}};
    const char* run = argc > 1 ? argv[1] : "";

    if (strcmp(run, "state") == 0) return cmocka_run_group_tests(mixed, set_up, tear_down);
    if (strcmp(run, "no_state") == 0) return cmocka_run_group_tests(mixed, set_nothing, tear_down);
    if (strcmp(run, "only_teardown") == 0) return cmocka_run_group_tests(mixed, NULL, tear_down);
    if (strcmp(run, "skipped") == 0) return cmocka_run_group_tests(skipped, set_up, tear_down);
    if (strcmp(run, "none") == 0) return cmocka_run_group_tests(none, set_up, tear_down);
    if (strcmp(run, "none_and_setup_fails") == 0) return cmocka_run_group_tests(none, return_one, tear_down);
    if (strcmp(run, "setup_fails") == 0)
        return cmocka_run_group_tests_name("a name", mixed, return_one, tear_down);
    if (strcmp(run, "setup_asserts") == 0) return cmocka_run_group_tests(mixed, assert_something, tear_down);
    if (strcmp(run, "setup_skips") == 0) return cmocka_run_group_tests(mixed, skip_it, tear_down);
    if (strcmp(run, "setup_leaves_value") == 0) return cmocka_run_group_tests(mixed, leave_value, tear_down);
    if (strcmp(run, "teardown_fails") == 0) return cmocka_run_group_tests(good, set_up, return_one);
    if (strcmp(run, "teardown_asserts") == 0) return cmocka_run_group_tests(mixed, set_up, assert_something);
    if (strcmp(run, "teardown_skips") == 0) return cmocka_run_group_tests(good, set_up, skip_it);
    if (strcmp(run, "teardown_leaves_value") == 0) return cmocka_run_group_tests(good, set_up, leave_value);
    if (strcmp(run, "no_name") == 0) return cmocka_run_group_tests_name(NULL, good, NULL, NULL);
    if (strcmp(run, "several") == 0) {
        int failures = cmocka_run_group_tests(mixed, set_up, tear_down);
        print_message("%d failed\n", failures);
        failures += cmocka_run_group_tests_name("second", good, NULL, NULL);
        failures += cmocka_run_group_tests_name("third", mixed, return_one, NULL);
        // Twice the same group, and the same name.
        failures += cmocka_run_group_tests(mixed, NULL, NULL);
        failures += cmocka_run_group_tests_name("second", skipped, NULL, NULL);
        print_message("%d failed\n", failures);
        return failures;
    }
    return UNKNOWN_GROUP;
}
