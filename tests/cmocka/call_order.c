// function_called and expect_function_call: the order of calls, any number of them, calls to ignore.
#include "headers.h"

static void open_door(void) {
    function_called();
}
static void walk_in(void) {
    function_called();
}

#define TEST(name, ...)              \
    static void name(void** state) { \
        (void)state;                 \
        __VA_ARGS__;                 \
    }

TEST(right_order, expect_function_call(open_door); expect_function_call(walk_in); open_door(); walk_in())
TEST(wrong_order, expect_function_call(open_door); expect_function_call(walk_in); walk_in(); open_door())
TEST(unexpected, open_door())
TEST(once_too_often, expect_function_call(open_door); open_door(); open_door())
TEST(not_called, expect_function_call(open_door); expect_function_call(walk_in); open_door())
TEST(so_often, expect_function_calls(open_door, 3); open_door(); open_door(); open_door())
TEST(less_often, expect_function_calls(open_door, 3); open_door())
TEST(more_often, expect_function_calls(open_door, 2); open_door(); open_door(); open_door())
TEST(zero_times, expect_function_calls(open_door, 0))
TEST(other_amid_count, expect_function_calls(open_door, 2); expect_function_call(walk_in); open_door();
     walk_in())
TEST(any_number, expect_function_call_any(open_door); open_door(); open_door())
TEST(any_number_but_none, expect_function_call_any(open_door))
TEST(any_number_around, expect_function_call_any(open_door); expect_function_call(walk_in); open_door();
     walk_in(); open_door())
TEST(any_number_has_to_begin, expect_function_call_any(open_door); expect_function_call(walk_in); walk_in())
TEST(any_number_at_last, expect_function_call(walk_in); expect_function_call_any(open_door); walk_in();
     open_door(); open_door())
TEST(ignored_and_not_called, ignore_function_calls(open_door))
TEST(ignored_around, ignore_function_calls(open_door); expect_function_call(walk_in); open_door(); walk_in();
     open_door())
TEST(ignored_too_late, expect_function_call(walk_in); ignore_function_calls(open_door); open_door();
     walk_in())

#define T cmocka_unit_test
int main(void) {
    const struct CMUnitTest tests[] = {
        T(right_order),        T(wrong_order),
        T(unexpected),         T(once_too_often),
        T(not_called),         T(so_often),
        T(less_often),         T(more_often),
        T(zero_times),         T(other_amid_count),
        T(any_number),         T(any_number_but_none),
        T(any_number_around),  T(any_number_has_to_begin),
        T(any_number_at_last), T(ignored_and_not_called),
        T(ignored_around),     T(ignored_too_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
