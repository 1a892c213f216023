// function_called and expect_function_call. In: the calls expected, in order. Out: a failure at the first
// that comes wrong.
#include <algorithm>
#include <deque>
#include <string>

#include "counted_queue.h"
#include "interface.h"
#include "leftovers.h"

namespace cmocka {
namespace {

struct ExpectedCall {
    std::string name;
    Location declared;
    Uses uses;
};

std::deque<ExpectedCall>& calls() {
    static auto& all = *new std::deque<ExpectedCall>;
    return all;
}

// Calls that may come any time, or not at all, are passed over in search of the one that has to come next.
bool take(const char* name, Location called) noexcept {
    for (auto call = calls().begin(); call != calls().end(); ++call) {
        if (call->name == name) {
            if (call->uses.use()) calls().erase(call);
            return true;
        }
        if (call->uses.wanted()) {
            say("%s:%d: error: Expected call to %s but received called() in %s\n", called.file, called.line,
                call->name.c_str(), name);
            return false;
        }
    }
    say("%s:%d: error: No mock calls expected but called() was invoked in %s\n", called.file, called.line,
        name);
    return false;
}

}  // namespace

void forget_call_order() noexcept {
    calls().clear();
}

Location left_call_order() noexcept {
    Location first;
    for (const ExpectedCall& call : calls()) {
        if (!call.uses.wanted()) continue;
        say("%s function was expected to be called but was not.\n", call.name.c_str());
        say_left(first, call.declared);
    }
    return first;
}

}  // namespace cmocka

void _expect_function_call(const char* function_name, const char* file, int line, int count) {
    cmocka::require_count(count, {file, line});
    cmocka::calls().push_back({function_name, {file, line}, cmocka::Uses(count)});
}

void _function_called(const char* function, const char* file, int line) {
    if (!cmocka::take(function, {file, line})) cmocka::fail_at({file, line}, false);
}
