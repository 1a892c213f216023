#include "group.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "leftovers.h"

namespace cmocka {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Call {
    Function function;
    void** state;
};

int invoke(void* context) {
    const auto& call = *static_cast<Call*>(context);
    if (call.function.fixture != nullptr) return call.function.fixture(call.state);
    call.function.test(call.state);
    return 0;
}

void forget_all() {
    forget_mock_values();
    forget_expectations();
    forget_call_order();
}

// Values, parameters and calls that were queued and not used; a null file if there are none.
Location left() {
    Location first = left_mock_values();
    for (auto* left_of : {left_expectations, left_call_order}) {
        const Location found = left_of();
        if (first.file == nullptr) first = found;
    }
    return first;
}

// One function of the test file with what it must leave behind: nothing queued, and, if it has a name here,
// no block allocated since. A fixture that returned something other than 0 has failed too.
Ended run_function(Function function, void** state, const char* leak_name, Checkpoint since) {
    forget_all();
    Call call{function, state};
    Ended ended = protect(invoke, &call);
    if (ended.how == Ended::How::returned) {
        bool has_line = false;
        Location where;
        if (leak_name != nullptr) where = leaked_since(since, leak_name, has_line);
        if (where.file == nullptr) where = left();
        if (where.file != nullptr) ended = failed_after(where, has_line);
        if (ended.how == Ended::How::returned && ended.result != 0) {
            ended = failed_after({}, false);
        }
    }
    forget_all();
    return ended;
}

bool succeeded(const Ended& ended) {
    return ended.how == Ended::How::returned;
}

std::unique_ptr<CaseResult> fixture_result(Ended ended) {
    if (succeeded(ended)) return nullptr;
    auto result = std::make_unique<CaseResult>();
    result->status = Status::error;
    result->why.push_back(std::move(ended));
    return result;
}

}  // namespace

std::unique_ptr<CaseResult> Group::set_up() {
    failures_ += result_.failures();
    result_ = {.name = std::move(result_.name), .cases = {}};
    state_ = nullptr;
    if (!setup_) return nullptr;
    auto failed = fixture_result(run_function(setup_, &state_, nullptr, 0));
    if (failed != nullptr) ++result_.errors;
    return failed;
}

const CaseResult& Group::run(size_t index) {
    const Case& test = cases_[index];
    const auto start = Clock::now();
    const Checkpoint before = allocation_checkpoint();
    CaseResult result{.name = test.name, .index = index, .why = {}, .reason = {}};
    void* state = state_ != nullptr ? state_ : test.initial_state;
    const auto fail = [&](Ended ended, Status status, const std::string& reason) {
        result.status = status;
        result.reason = reason;
        result.why.push_back(std::move(ended));
    };

    Ended setup;
    if (test.setup) setup = run_function(test.setup, &state, nullptr, 0);
    if (!succeeded(setup)) {
        fail(std::move(setup), Status::error, test.setup_name);
    } else {
        Ended ended = run_function(test.test, &state, test.name.c_str(), allocation_checkpoint());
        if (ended.how == Ended::How::skipped && !older_) {
            result.status = Status::skipped;
            result.why.push_back(std::move(ended));
        } else if (!succeeded(ended)) {
            fail(std::move(ended), Status::failed, {});
        }
        if (test.teardown) {
            const char* leak_name = older_ ? test.name.c_str() : nullptr;
            Ended teardown = run_function(test.teardown, &state, leak_name, before);
            if (!succeeded(teardown)) fail(std::move(teardown), Status::error, test.teardown_name);
        }
    }
    result.seconds = seconds_since(start);
    result_.seconds += result.seconds;
    return result_.cases.emplace_back(std::move(result));
}

void Group::fail_last(const char* why) {
    CaseResult& last = result_.cases.back();
    if (last.status == Status::failed || last.status == Status::error) return;
    last.status = Status::failed;
    last.why.push_back(
        {.how = Ended::How::failed, .text = why, .note = {}, .location = {}, .has_line = false});
}

std::unique_ptr<CaseResult> Group::tear_down() {
    if (!teardown_) return nullptr;
    auto failed = fixture_result(run_function(teardown_, &state_, "cmocka_group_teardown", before_));
    if (failed != nullptr && older_) ++result_.errors;
    return failed;
}

bool Group::leaves_no_blocks() {
    if (!blocks_since(before_)) return true;
    bool has_line = false;
    const Location where = leaked_since(before_, "cmocka_group_tests", has_line);
    const Ended ended = failed_after(where, has_line);
    print_error("%s", ended.text.c_str());
    return false;
}

}  // namespace cmocka
