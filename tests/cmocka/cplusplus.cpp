// A test file in C++, as one writes it for CMocka: the header inside extern "C".
#include <string>
#include <vector>

extern "C" {
#include "headers.h"
}

namespace {

enum class Colour : unsigned char { red, green };

class Counter {
  public:
    int next() { return ++count_; }

  private:
    int count_ = 0;
};

Colour colour() {
    return mock_type(Colour);
}
const std::string& name() {
    return *mock_ptr_type(const std::string*);
}
void paint(Colour with, const char* what) {
    check_expected(with);
    check_expected_ptr(what);
    function_called();
}
void must_be_positive(int number) {
    mock_assert(number > 0, "number > 0", __FILE__, __LINE__);
}

void counts(void**) {
    Counter counter;
    assert_int_equal(counter.next(), 1);
    assert_int_equal(counter.next(), 2);
}
void counts_wrong(void**) {
    Counter counter;
    assert_int_equal(counter.next(), 2);
}
void strings(void**) {
    const std::string text = "a text that is longer than what a string holds inside itself";
    assert_string_equal(text.c_str(), "a text that is longer than what a string holds inside itself");
}
void mocks(void**) {
    const std::string green = "green";
    will_return(colour, Colour::green);
    will_return(name, &green);
    assert_true(colour() == Colour::green);
    assert_string_equal(name().c_str(), "green");
}
void mocks_left(void**) {
    will_return(colour, Colour::red);
}
void parameters(void**) {
    expect_value(paint, with, Colour::green);
    expect_string(paint, what, "wall");
    expect_function_call(paint);
    paint(Colour::green, "wall");
}
void parameters_wrong(void**) {
    expect_value(paint, with, Colour::red);
    paint(Colour::green, "wall");
}
void assertion_expected(void**) {
    expect_assert_failure(must_be_positive(0));
}
void fixture_state(void** state) {
    auto* numbers = static_cast<std::vector<int>*>(*state);
    assert_int_equal(numbers->size(), 3);
    numbers->push_back(4);
}
void floats(void**) {
    assert_float_equal(1.0 / 3, 0.3333, 0.001);
    assert_float_not_equal(1.0 / 3, 0.3333, 0.000001);
}
void skipped(void**) {
    skip();
}
void fails_in_a_lambda(void**) {
    [] { fail_msg("%s", "from inside"); }();
}

int make_numbers(void** state) {
    *state = new std::vector<int>{1, 2, 3};
    return 0;
}
int drop_numbers(void** state) {
    delete static_cast<std::vector<int>*>(*state);
    return 0;
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(counts_wrong),
        cmocka_unit_test(strings),
        cmocka_unit_test(mocks),
        cmocka_unit_test(mocks_left),
        cmocka_unit_test(parameters),
        cmocka_unit_test(parameters_wrong),
        cmocka_unit_test(assertion_expected),
        cmocka_unit_test_setup_teardown(fixture_state, make_numbers, drop_numbers),
        cmocka_unit_test(floats),
        cmocka_unit_test(skipped),
        cmocka_unit_test(fails_in_a_lambda),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
