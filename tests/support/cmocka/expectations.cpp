// check_expected and expect_*. In: what each parameter of a function shall be. Out: a failure when it is
// something else.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "comparison.h"
#include "counted_queue.h"
#include "interface.h"
#include "leftovers.h"

namespace cmocka {
namespace {

/// What a parameter is compared with. The bytes are copies: the values of a set, or memory.
struct Check {
    enum class Kind { any, value, in_set, in_range, string, memory, custom };
    Kind kind = Kind::any;
    bool negated = false;
    std::uintmax_t value =
        0;  ///< the value, a range's lower end, a string's address, the data of a custom check
    std::uintmax_t maximum = 0;  ///< a range's upper end
    std::vector<std::uintmax_t> set{};
    std::string memory{};
    CheckParameterValue custom = nullptr;
    std::shared_ptr<CheckParameterEvent> event{};  ///< the caller's, freed with the expectation

    bool holds(std::uintmax_t actual) const;
};

bool Check::holds(std::uintmax_t actual) const {
    const auto* address = reinterpret_cast<const char*>(static_cast<std::uintptr_t>(actual));
    const auto* text = reinterpret_cast<const char*>(static_cast<std::uintptr_t>(value));
    switch (kind) {
        case Kind::any:
            return true;
        case Kind::value:
            return negated ? values_differ(actual, value) : values_equal(actual, value);
        case Kind::in_set:
            return negated ? not_in_set(actual, set.data(), set.size())
                           : cmocka::in_set(actual, set.data(), set.size());
        case Kind::in_range:
            return negated ? not_in_range(actual, value, maximum) : cmocka::in_range(actual, value, maximum);
        case Kind::string:
            return negated ? strings_differ(address, text) : strings_equal(address, text);
        case Kind::memory:
            return negated ? memory_differs(address, memory.data(), memory.size())
                           : memory_equal(address, memory.data(), memory.size());
        case Kind::custom:
            return custom(actual, value) != 0;
    }
    return false;
}

struct Parameter {
    std::string function;
    std::string name;
    CountedQueue<Check> checks;
};

struct Expectations {
    std::vector<Parameter> parameters;  // in the order of their first expectation
    Location last_checked;              // where that expectation was declared
};

Expectations& expectations() {
    static auto& all = *new Expectations;
    return all;
}

Parameter* find(std::string_view function, std::string_view name) {
    for (Parameter& parameter : expectations().parameters) {
        if (parameter.function == function && parameter.name == name) return &parameter;
    }
    return nullptr;
}

/// A macro's arguments: whom the expectation concerns, where it stands, how often it counts.
struct Target {
    const char* function;
    const char* parameter;
    Location declared;
    int count;
};

void queue(const Target& target, Check check) noexcept {
    Parameter* parameter = find(target.function, target.parameter);
    if (parameter == nullptr) {
        parameter = &expectations().parameters.emplace_back(Parameter{target.function, target.parameter, {}});
    }
    parameter->checks.add(std::move(check), target.declared, target.count);
}

void queue_set(const Target& target, const std::uintmax_t* values, size_t count, bool negated) noexcept {
    queue(target, {.kind = Check::Kind::in_set, .negated = negated, .set = {values, values + count}});
}

void queue_memory(const Target& target, const void* memory, size_t size, bool negated) noexcept {
    queue(target, {.kind = Check::Kind::memory,
                   .negated = negated,
                   .memory = {static_cast<const char*>(memory), size}});
}

std::uintmax_t address_of(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

enum class Found { right, wrong, none, unusable };

// A custom check may itself leave the test, from here: hence no object with a destructor before the use is
// counted.
Found check(const char* function, const char* name, std::uintmax_t value, Location& declared) noexcept {
    Parameter* parameter = find(function, name);
    if (parameter == nullptr || parameter->checks.empty()) return Found::none;
    if (!parameter->checks.front().uses.usable()) return Found::unusable;
    declared = parameter->checks.front().declared;
    expectations().last_checked = declared;
    const bool right = parameter->checks.front().value.holds(value);
    // The check may have queued for another parameter, which moves this one.
    find(function, name)->checks.use_front();
    return right ? Found::right : Found::wrong;
}

// The function's name when nothing is expected of it, else the parameter's.
const char* unknown_symbol(const char* function, const char* parameter) noexcept {
    for (const Parameter& known : expectations().parameters) {
        if (known.function == function && !known.checks.empty()) return parameter;
    }
    return function;
}

}  // namespace

void forget_expectations() noexcept {
    expectations() = {};
}

Location left_expectations() noexcept {
    Location first;
    for (Parameter& parameter : expectations().parameters) {
        parameter.checks.drop_unwanted();
        if (parameter.checks.empty()) continue;
        say("%s: '%s' parameter still has values that haven't been checked.\n", parameter.function.c_str(),
            parameter.name.c_str());
        for (const auto& entry : parameter.checks)
            say_left(first, entry.declared);
    }
    return first;
}

}  // namespace cmocka

using cmocka::Check;

void _check_expected(const char* function_name, const char* parameter_name, const char* file, int line,
                     LargestIntegralType value) {
    cmocka::Location declared;
    const auto found = cmocka::check(function_name, parameter_name, value, declared);
    if (found == cmocka::Found::right) return;
    if (found == cmocka::Found::wrong) {
        cmocka::say(
            "%s:%d: error: Check of parameter %s, function %s failed\n%s:%d: note: Expected parameter "
            "declared here\n",
            file, line, parameter_name, function_name, declared.file, declared.line);
        cmocka::fail_at({file, line});
    }
    if (found == cmocka::Found::none) {
        cmocka::say("No entries for symbol %s.\n", cmocka::unknown_symbol(function_name, parameter_name));
    }
    cmocka::say("%s:%d: error: Could not get value to check parameter %s of function %s\n", file, line,
                parameter_name, function_name);
    const cmocka::Location last = cmocka::expectations().last_checked;
    if (last.file != nullptr) {
        cmocka::say("%s:%d: note: Previously declared parameter value was declared here\n", last.file,
                    last.line);
    } else {
        cmocka::say("There were no previously declared parameter values for this test.\n");
    }
    cmocka::fail_at({file, line}, false);
}

void _expect_check(const char* function, const char* parameter, const char* file, int line,
                   CheckParameterValue check_function, LargestIntegralType check_data,
                   CheckParameterEvent* event, int count) {
    cmocka::queue({function, parameter, {file, line}, count},
                  {.kind = Check::Kind::custom,
                   .value = check_data,
                   .custom = check_function,
                   .event = {event, [](CheckParameterEvent* owned) { std::free(owned); }}});
}

void _expect_any(const char* function, const char* parameter, const char* file, int line, int count) {
    cmocka::queue({function, parameter, {file, line}, count}, {});
}

void _expect_value(const char* function, const char* parameter, const char* file, int line,
                   LargestIntegralType value, int count) {
    cmocka::queue({function, parameter, {file, line}, count}, {.kind = Check::Kind::value, .value = value});
}

void _expect_not_value(const char* function, const char* parameter, const char* file, int line,
                       LargestIntegralType value, int count) {
    cmocka::queue({function, parameter, {file, line}, count},
                  {.kind = Check::Kind::value, .negated = true, .value = value});
}

void _expect_in_set(const char* function, const char* parameter, const char* file, int line,
                    const LargestIntegralType values[], size_t number_of_values, int count) {
    cmocka::queue_set({function, parameter, {file, line}, count}, values, number_of_values, false);
}

void _expect_not_in_set(const char* function, const char* parameter, const char* file, int line,
                        const LargestIntegralType values[], size_t number_of_values, int count) {
    cmocka::queue_set({function, parameter, {file, line}, count}, values, number_of_values, true);
}

void _expect_in_range(const char* function, const char* parameter, const char* file, int line,
                      LargestIntegralType minimum, LargestIntegralType maximum, int count) {
    cmocka::queue({function, parameter, {file, line}, count},
                  {.kind = Check::Kind::in_range, .value = minimum, .maximum = maximum});
}

void _expect_not_in_range(const char* function, const char* parameter, const char* file, int line,
                          LargestIntegralType minimum, LargestIntegralType maximum, int count) {
    cmocka::queue({function, parameter, {file, line}, count},
                  {.kind = Check::Kind::in_range, .negated = true, .value = minimum, .maximum = maximum});
}

void _expect_string(const char* function, const char* parameter, const char* file, int line,
                    const char* string, int count) {
    cmocka::queue({function, parameter, {file, line}, count},
                  {.kind = Check::Kind::string, .value = cmocka::address_of(string)});
}

void _expect_not_string(const char* function, const char* parameter, const char* file, int line,
                        const char* string, int count) {
    cmocka::queue({function, parameter, {file, line}, count},
                  {.kind = Check::Kind::string, .negated = true, .value = cmocka::address_of(string)});
}

void _expect_memory(const char* function, const char* parameter, const char* file, int line,
                    const void* memory, size_t size, int count) {
    cmocka::queue_memory({function, parameter, {file, line}, count}, memory, size, false);
}

void _expect_not_memory(const char* function, const char* parameter, const char* file, int line,
                        const void* memory, size_t size, int count) {
    cmocka::queue_memory({function, parameter, {file, line}, count}, memory, size, true);
}
