// What tests print, and what a program sets before it runs them. In: [filter PATTERN] [skip PATTERN] [output
// NUMBER] ...
#include "headers.h"

static void vprint(void (*print)(const char*, va_list), const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
}

static void prints(void** state) {
    (void)state;
    print_message("message %d %s\n", 1, "text");
    print_error("error %d\n", 2);
    vprint(vprint_message, "message %d\n", 3);
    vprint(vprint_error, "error %d\n", 4);
}
static void prints_and_fails(void** state) {
    (void)state;
    print_message("message\n");
    print_error("error\n");
    assert_in_range(1, 2, 3);
}
static void prints_and_skips(void** state) {
    (void)state;
    print_message("message\n");
    print_error("error\n");
    skip();
}
static void formats_of_values(void** state) {
    (void)state;
    print_message(LargestIntegralTypePrintfFormat " " LargestIntegralTypePrintfFormatDecimal
                                                  " " FloatPrintfFormat "\n",
                  cast_to_largest_integral_type(255), cast_ptr_to_largest_integral_type((void*)16), 0.5);
}
static void fails_with_message(void** state) {
    (void)state;
    fail_msg("%s & <%d>", "this", 7);
}
static void layout(void** state) {
    (void)state;
    print_message("%zu %zu %zu %zu %zu %zu %zu %zu %zu\n", sizeof(struct CMUnitTest),
                  offsetof(struct CMUnitTest, name), offsetof(struct CMUnitTest, test_func),
                  offsetof(struct CMUnitTest, setup_func), offsetof(struct CMUnitTest, teardown_func),
                  offsetof(struct CMUnitTest, initial_state), sizeof(UnitTest), sizeof(GroupTest),
                  sizeof(CheckParameterEvent));
}

int main(int argc, char** argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints),
        cmocka_unit_test(prints_and_fails),
        cmocka_unit_test(prints_and_skips),
        cmocka_unit_test(formats_of_values),
        cmocka_unit_test(fails_with_message),
        cmocka_unit_test(layout),
    };
    const struct CMUnitTest second[] = {cmocka_unit_test(layout)};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "filter") == 0) cmocka_set_test_filter(argv[i + 1]);
        if (strcmp(argv[i], "skip") == 0) cmocka_set_skip_filter(argv[i + 1]);
        if (strcmp(argv[i], "output") == 0)
            cmocka_set_message_output((enum cm_message_output)atoi(argv[i + 1]));
    }
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    return failures + cmocka_run_group_tests_name("second", second, NULL, NULL);
}
