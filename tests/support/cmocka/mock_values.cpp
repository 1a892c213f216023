// mock and will_return. In: values queued by function name. Out: the value whose turn it is.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "counted_queue.h"
#include "interface.h"
#include "leftovers.h"

namespace cmocka {
namespace {

struct MockedFunction {
    std::string name;
    CountedQueue<std::uintmax_t> values;
};

struct MockValues {
    std::vector<MockedFunction> functions;  // in the order of their first will_return
    Location last_returned;                 // where that value was declared
};

MockValues& values() {
    static auto& all = *new MockValues;
    return all;
}

MockedFunction* find(std::string_view name) {
    for (MockedFunction& function : values().functions) {
        if (function.name == name) return &function;
    }
    return nullptr;
}

void queue(const char* name, std::uintmax_t value, Location declared, int count) noexcept {
    MockedFunction* function = find(name);
    if (function == nullptr) function = &values().functions.emplace_back(MockedFunction{name, {}});
    function->values.add(value, declared, count);
}

// The next value; the pair's second is false when there is none.
std::pair<std::uintmax_t, bool> take(const char* name) noexcept {
    MockedFunction* function = find(name);
    if (function == nullptr || function->values.empty()) return {0, false};
    const std::uintmax_t value = function->values.front().value;
    values().last_returned = function->values.front().declared;
    function->values.use_front();
    return {value, true};
}

}  // namespace

void forget_mock_values() noexcept {
    values() = {};
}

Location left_mock_values() noexcept {
    Location first;
    for (MockedFunction& function : values().functions) {
        function.values.drop_unwanted();
        if (function.values.empty()) continue;
        say("%s() has remaining non-returned values.\n", function.name.c_str());
        for (const auto& entry : function.values)
            say_left(first, entry.declared);
    }
    return first;
}

}  // namespace cmocka

void _will_return(const char* function_name, const char* file, int line, LargestIntegralType value,
                  int count) {
    cmocka::require_count(count, {file, line});
    cmocka::queue(function_name, value, {file, line}, count);
}

LargestIntegralType _mock(const char* function, const char* file, int line) {
    const auto [value, found] = cmocka::take(function);
    if (found) return value;
    cmocka::say("No entries for symbol %s.\n%s:%d: error: Could not get value to mock function %s\n",
                function, file, line, function);
    const cmocka::Location last = cmocka::values().last_returned;
    if (last.file != nullptr) {
        cmocka::say("%s:%d: note: Previously returned mock value was declared here\n", last.file, last.line);
    } else {
        cmocka::say("There were no previously returned mock values for this test.\n");
    }
    cmocka::fail_at({file, line}, false);
}
