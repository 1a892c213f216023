// What CMocka 1.1.5 has no answer to, or none one would want: built with our header alone. In: which.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

// Last: fail, skip and mock are macros.
#include <cmocka.h>

namespace {

int answer() {
    return mock_type(int);
}
void open_door() {
    function_called();
}

void passes(void**) {}
void throws(void**) {
    throw std::runtime_error("thrown");
}
void throws_a_number(void**) {
    throw 5;
}
void googletest_assertion(void**) {
    EXPECT_EQ(1, 2) << "told by GoogleTest";
}
void null_strings(void**) {
    assert_string_equal(nullptr, "x");
}
void null_strings_equal(void**) {
    assert_string_equal(nullptr, nullptr);
}
void frees_twice(void**) {
    void* block = test_malloc(4);
    test_free(block);
    test_free(block);
}
void frees_what_is_not_its(void**) {
    int local = 0;
    test_free(&local);
}
void ignored_and_another(void**) {
    ignore_function_calls(answer);
    open_door();
}
void left_of_each_kind(void**) {
    will_return(answer, 1);
    expect_any(take, value);
    expect_function_call(open_door);
}
void fails_while_an_assertion_is_expected(void**) {
    expect_assert_failure(_fail(__FILE__, __LINE__));
}
void asserts_afterwards(void**) {
    mock_assert(0, "later", __FILE__, __LINE__);
}
void fails(void**) {
    assert_string_equal("]]>", "\x01<&\"");
}
void fails_with_message(void**) {
    fail_msg("the %d reasons", 3);
}
void skips(void**) {
    skip();
}
void calloc_overflows(void**) {
    assert_null(test_calloc(SIZE_MAX / 2, 3));
}
int skip_it(void**) {
    skip();
    return 0;
}
int fail_it(void**) {
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const CMUnitTest failing[] = {
        cmocka_unit_test(throws),
        cmocka_unit_test(throws_a_number),
        cmocka_unit_test(googletest_assertion),
        cmocka_unit_test(null_strings),
        cmocka_unit_test(null_strings_equal),
        cmocka_unit_test(frees_twice),
        cmocka_unit_test(frees_what_is_not_its),
        cmocka_unit_test(ignored_and_another),
        cmocka_unit_test(left_of_each_kind),
        cmocka_unit_test(fails_while_an_assertion_is_expected),
        cmocka_unit_test(asserts_afterwards),
        cmocka_unit_test(fails_with_message),
        cmocka_unit_test(calloc_overflows),
        cmocka_unit_test_setup(passes, skip_it),
        cmocka_unit_test(fails),
        cmocka_unit_test(passes),
        cmocka_unit_test(skips),
        {"a name with <&\"> in it", fails, nullptr, nullptr, nullptr},
    };
    const CMUnitTest few[] = {cmocka_unit_test(passes), cmocka_unit_test(fails), cmocka_unit_test(skips)};
    const CMUnitTest good[] = {cmocka_unit_test(passes)};
    const std::string run = argc > 1 ? argv[1] : "";
    if (run == "failing") return cmocka_run_group_tests_name("group <&\">", failing, nullptr, nullptr);
    if (run == "groups") {
        int failures = cmocka_run_group_tests_name("first", few, nullptr, nullptr);
        failures += cmocka_run_group_tests_name("second", good, nullptr, fail_it);
        failures += cmocka_run_group_tests_name("third", few, fail_it, nullptr);
        failures += cmocka_run_group_tests_name("first", good, nullptr, nullptr);
        return failures;
    }
    if (run == "outside") return answer();
    return 99;
}
