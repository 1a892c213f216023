// The calls that run tests: cmocka_run_group_tests and the older run_test, run_tests, run_group_tests. In: a
// test file's tables. Out: the number of failures.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "filter.h"
#include "googletest.h"
#include "interface.h"

namespace cmocka {
namespace {

Function function_of(UnitTestFunction function) {
    return {.test = function};
}

int run_older(const char* name, std::vector<Case> cases, Function setup, Function teardown) noexcept {
    return run_group(std::make_unique<Group>(name, std::move(cases), setup, teardown, true));
}

// Setups and teardowns stand before and behind the test they belong to.
std::vector<Case> older_cases(const UnitTest* tests, size_t number_of_tests) {
    std::vector<Case> cases;
    Case next;
    for (const UnitTest* entry = tests; entry != tests + number_of_tests; ++entry) {
        switch (entry->function_type) {
            case UNIT_TEST_FUNCTION_TYPE_SETUP:
                next.setup = function_of(entry->function);
                next.setup_name = std::string(entry->name) + " failed";
                break;
            case UNIT_TEST_FUNCTION_TYPE_TEST:
                next.name = entry->name;
                next.test = function_of(entry->function);
                cases.push_back(std::exchange(next, Case{}));
                break;
            case UNIT_TEST_FUNCTION_TYPE_TEARDOWN:
                if (cases.empty()) break;
                cases.back().teardown = function_of(entry->function);
                cases.back().teardown_name = std::string(entry->name) + " failed";
                break;
            default:
                print_error("Invalid unit test function type %d\n", static_cast<int>(entry->function_type));
                std::exit(255);
        }
    }
    return cases;
}

int run_tests(const UnitTest* tests, size_t number_of_tests) noexcept {
    return run_older("run_tests", older_cases(tests, number_of_tests), {}, {});
}

// Only the group's own setup and teardown count; its state is that of all tests.
int run_group_tests(const UnitTest* tests, size_t number_of_tests) noexcept {
    std::vector<Case> cases;
    Function setup;
    Function teardown;
    for (const UnitTest* entry = tests; entry != tests + number_of_tests; ++entry) {
        if (entry->function_type == UNIT_TEST_FUNCTION_TYPE_GROUP_SETUP) setup = function_of(entry->function);
        if (entry->function_type == UNIT_TEST_FUNCTION_TYPE_GROUP_TEARDOWN)
            teardown = function_of(entry->function);
        if (entry->function_type == UNIT_TEST_FUNCTION_TYPE_TEST) {
            cases.push_back({.name = entry->name, .test = function_of(entry->function)});
        }
    }
    return run_older("run_group_tests", std::move(cases), setup, teardown);
}

int run_group_of(const char* name, const CMUnitTest* tests, size_t number_of_tests,
                 CMFixtureFunction group_setup, CMFixtureFunction group_teardown) noexcept {
    std::vector<Case> cases;
    for (const CMUnitTest* test = tests; test != tests + number_of_tests; ++test) {
        if (test->name == nullptr || test->test_func == nullptr || !wanted_by_filters(test->name)) continue;
        cases.push_back({.name = test->name,
                         .test = {.test = test->test_func},
                         .setup = {.fixture = test->setup_func},
                         .teardown = {.fixture = test->teardown_func},
                         .initial_state = test->initial_state});
    }
    return run_group(std::make_unique<Group>(name != nullptr ? name : "(null)", std::move(cases),
                                             Function{.fixture = group_setup},
                                             Function{.fixture = group_teardown}, false));
}

}  // namespace
}  // namespace cmocka

int _cmocka_run_group_tests(const char* group_name, const CMUnitTest* tests, size_t num_tests,
                            CMFixtureFunction group_setup, CMFixtureFunction group_teardown) {
    return cmocka::run_group_of(group_name, tests, num_tests, group_setup, group_teardown);
}

int _run_tests(const UnitTest* tests, size_t number_of_tests) {
    return cmocka::run_tests(tests, number_of_tests);
}

int _run_group_tests(const UnitTest* tests, size_t number_of_tests) {
    return cmocka::run_group_tests(tests, number_of_tests);
}

int _run_test(const char* function_name, UnitTestFunction Function, void** state, UnitTestFunctionType,
              const void*) {
    cmocka::Case test{.name = function_name, .test = cmocka::function_of(Function)};
    if (state != nullptr) test.initial_state = *state;
    return cmocka::run_older("run_test", {std::move(test)}, {}, {});
}
