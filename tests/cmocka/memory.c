// test_malloc and its kin: leaks, writes beside a block. A block that outlives its group ends the program, so
// each such group is a run of its own. In: the group's name.
#include "headers.h"

static void allocate_and_free(void** state) {
    (void)state;
    char* block = test_malloc(4);
    memcpy(block, "abc", 4);
    assert_int_equal((uintptr_t)block % 16, 0);
    test_free(block);
    test_free(test_malloc(0));
    test_free(NULL);
}
static void fresh_and_guard_bytes(void** state) {
    (void)state;
    const unsigned char* block = test_malloc(4);
    assert_int_equal(block[0], 0xba);
    assert_int_equal(block[3], 0xba);
    assert_int_equal(block[-1], 0xef);
    assert_int_equal(block[4], 0xef);
    test_free((void*)block);
}
static void calloc_clears(void** state) {
    (void)state;
    char* block = test_calloc(4, 8);
    for (int i = 0; i < 32; ++i)
        assert_int_equal(block[i], 0);
    test_free(block);
}
static void realloc_keeps(void** state) {
    (void)state;
    char* block = test_realloc(NULL, 4);
    memcpy(block, "abc", 4);
    block = test_realloc(block, 1000);
    assert_string_equal(block, "abc");
    block = test_realloc(block, 2);
    assert_memory_equal(block, "ab", 2);
    assert_null(test_realloc(block, 0));
}
static void leaks_one(void** state) {
    (void)state;
    (void)!test_malloc(10);
}
static void leaks_three(void** state) {
    (void)state;
    (void)!test_malloc(10);
    (void)!test_calloc(2, 10);
    void* block = test_malloc(3);
    (void)!test_realloc(block, 5);
}
static void leaks_and_fails(void** state) {
    (void)state;
    (void)!test_malloc(10);
    fail();
}
static void leaks_and_skips(void** state) {
    (void)state;
    (void)!test_malloc(10);
    skip();
}
static void writes_behind(void** state) {
    (void)state;
    char* block = test_malloc(10);
    block[10] = 1;
    test_free(block);
}
static void writes_before(void** state) {
    (void)state;
    char* block = test_malloc(10);
    block[-1] = 1;
    test_free(block);
}
static void writes_behind_and_grows(void** state) {
    (void)state;
    char* block = test_malloc(10);
    block[25] = 1;
    block = test_realloc(block, 20);
}
static void writes_behind_and_leaks(void** state) {
    (void)state;
    char* block = test_malloc(10);
    block[10] = 1;
}
static void passes(void** state) {
    (void)state;
}
static int allocate(void** state) {
    *state = test_malloc(5);
    return 0;
}
static int release(void** state) {
    test_free(*state);
    return 0;
}
static int fail_with_block(void** state) {
    (void)state;
    (void)!test_malloc(5);
    return 1;
}
static int nothing(void** state) {
    (void)state;
    return 0;
}

#define RUN(wanted, group, setup, teardown) \
    if (strcmp(argv[1], wanted) == 0) return cmocka_run_group_tests(group, setup, teardown)

int main(int argc, char** argv) {
    const struct CMUnitTest sound[] = {
        cmocka_unit_test(allocate_and_free),
        cmocka_unit_test(fresh_and_guard_bytes),
        cmocka_unit_test(calloc_clears),
        cmocka_unit_test(realloc_keeps),
        cmocka_unit_test_setup_teardown(passes, allocate, release),
    };
    const struct CMUnitTest leaks[] = {cmocka_unit_test(leaks_one), cmocka_unit_test(leaks_three),
                                       cmocka_unit_test(passes)};
    const struct CMUnitTest failing_leak[] = {cmocka_unit_test(leaks_and_fails), cmocka_unit_test(passes)};
    const struct CMUnitTest skipped_leak[] = {cmocka_unit_test(leaks_and_skips), cmocka_unit_test(passes)};
    const struct CMUnitTest behind[] = {cmocka_unit_test(writes_behind), cmocka_unit_test(passes)};
    const struct CMUnitTest before[] = {cmocka_unit_test(writes_before), cmocka_unit_test(passes)};
    const struct CMUnitTest grown[] = {cmocka_unit_test(writes_behind_and_grows), cmocka_unit_test(passes)};
    const struct CMUnitTest behind_leak[] = {cmocka_unit_test(writes_behind_and_leaks),
                                             cmocka_unit_test(passes)};
    const struct CMUnitTest setup_leak[] = {cmocka_unit_test_setup(passes, allocate),
                                            cmocka_unit_test(passes)};
    const struct CMUnitTest failing_setup_leak[] = {cmocka_unit_test_setup(passes, fail_with_block)};
    const struct CMUnitTest only_passes[] = {cmocka_unit_test(passes)};

    if (argc < 2) return UNKNOWN_GROUP;
    RUN("sound", sound, NULL, NULL);
    RUN("leaks", leaks, NULL, NULL);
    RUN("failing_leak", failing_leak, NULL, NULL);
    RUN("failing_leak_found", failing_leak, nothing, nothing);
    RUN("skipped_leak", skipped_leak, NULL, NULL);
    RUN("behind", behind, NULL, NULL);
    RUN("before", before, NULL, NULL);
    RUN("grown", grown, NULL, NULL);
    RUN("behind_leak", behind_leak, NULL, NULL);
    RUN("behind_leak_found", behind_leak, nothing, nothing);
    RUN("setup_leak", setup_leak, NULL, NULL);
    RUN("setup_leak_found", setup_leak, nothing, nothing);
    RUN("failing_setup_leak", failing_setup_leak, NULL, NULL);
    RUN("group_state_freed", only_passes, allocate, release);
    RUN("group_state_leaked", only_passes, allocate, NULL);
    if (strcmp(argv[1], "block_from_outside") == 0) {
        void* mine = test_malloc(3);
        const int failures = cmocka_run_group_tests(only_passes, nothing, nothing);
        test_free(mine);
        return failures;
    }
    return UNKNOWN_GROUP;
}
