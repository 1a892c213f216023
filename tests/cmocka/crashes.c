// Signals that end a test, not the program; each twice.
#include <signal.h>

#include "headers.h"

#define CRASH(name, signal)          \
    static void name(void** state) { \
        (void)state;                 \
        raise(signal);               \
    }

CRASH(segmentation, SIGSEGV)
CRASH(division, SIGFPE)
CRASH(instruction, SIGILL)
CRASH(bus, SIGBUS)
CRASH(system_call, SIGSYS)
static void passes(void** state) {
    (void)state;
}
static int crash_in_fixture(void** state) {
    (void)state;
    raise(SIGSEGV);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segmentation),
        cmocka_unit_test(segmentation),
        cmocka_unit_test(passes),
        cmocka_unit_test(division),
        cmocka_unit_test(division),
        cmocka_unit_test(instruction),
        cmocka_unit_test(instruction),
        cmocka_unit_test(bus),
        cmocka_unit_test(bus),
        cmocka_unit_test(system_call),
        cmocka_unit_test(system_call),
        cmocka_unit_test(passes),
        cmocka_unit_test_setup(passes, crash_in_fixture),
        cmocka_unit_test_teardown(passes, crash_in_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
