// The interface before groups: run_test, run_tests, run_group_tests. In: which.
#include "headers.h"

#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif

static const char* shown(void** state) {
    return *state != NULL ? *state : "nothing";
}
static void set_up(void** state) {
    print_message("setup %s\n", shown(state));
    *state = "of setup";
}
static void tear_down(void** state) {
    print_message("teardown %s\n", shown(state));
}
static void passes(void** state) {
    print_message("test %s\n", shown(state));
}
static void fails(void** state) {
    (void)state;
    assert_int_equal(1, 2);
}
static void skips(void** state) {
    (void)state;
    skip();
}
static void leaks(void** state) {
    (void)state;
    (void)!test_malloc(4);
}
static void leaves_value(void** state) {
    (void)state;
    will_return(never_called, 3);
}

int main(int argc, char** argv) {
    const UnitTest single[] = {
        unit_test(passes),
        unit_test(fails),
        unit_test(skips),
        unit_test(leaks),
        unit_test(leaves_value),
        unit_test_setup(passes, set_up),
        unit_test_teardown(passes, tear_down),
        unit_test_setup_teardown(passes, set_up, tear_down),
        unit_test_setup_teardown(fails, set_up, tear_down),
        unit_test_setup_teardown(passes, fails, tear_down),
        unit_test_setup_teardown(passes, set_up, fails),
        unit_test_setup_teardown(fails, set_up, fails),
        unit_test_setup_teardown(passes, skips, tear_down),
    };
    const UnitTest good[] = {unit_test(passes), unit_test_setup_teardown(passes, set_up, tear_down)};
    const UnitTest group[] = {
        group_test_setup(set_up),
        unit_test(passes),
        unit_test_setup_teardown(passes, set_up, tear_down),
        unit_test(fails),
        group_test_teardown(tear_down),
    };
    const UnitTest setup_fails[] = {group_test_setup(fails), unit_test(passes),
                                    group_test_teardown(tear_down)};
    const UnitTest teardown_fails[] = {group_test_setup(set_up), unit_test(passes),
                                       group_test_teardown(fails)};
    const char* run = argc > 1 ? argv[1] : "";

    if (strcmp(run, "single") == 0) return run_tests(single);
    if (strcmp(run, "good") == 0) return run_tests(good);
    if (strcmp(run, "group_in_run_tests") == 0) return run_tests(group);
    if (strcmp(run, "group") == 0) return run_group_tests(group);
    if (strcmp(run, "setup_fails") == 0) return run_group_tests(setup_fails);
    if (strcmp(run, "teardown_fails") == 0) return run_group_tests(teardown_fails);
    if (strcmp(run, "test_passes") == 0) return run_test(passes);
    if (strcmp(run, "test_fails") == 0) return run_test(fails);
    if (strcmp(run, "test_skips") == 0) return run_test(skips);
    return UNKNOWN_GROUP;
}
