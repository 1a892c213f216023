// A group of tests and how they run. In: the functions of a test file. Out: their results.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "allocation.h"
#include "interface.h"
#include "report.h"

namespace cmocka {

/// A test function or a fixture; at most one of them.
struct Function {
    CMUnitTestFunction test = nullptr;
    CMFixtureFunction fixture = nullptr;

    explicit operator bool() const { return test != nullptr || fixture != nullptr; }
};

struct Case {
    std::string name;
    Function test{};
    Function setup{};
    Function teardown{};
    void* initial_state = nullptr;
    std::string setup_name = "Test setup failed";  ///< what is said when it fails
    std::string teardown_name = "Test teardown failed";
};

class Group {
  public:
    /// older: run_tests and its kin, where skip() is a failure and that of the group's teardown counts.
    Group(std::string name, std::vector<Case> cases, Function setup, Function teardown, bool older)
        : cases_(std::move(cases)), setup_(setup), teardown_(teardown), older_(older) {
        result_.name = std::move(name);
    }

    const std::string& name() const { return result_.name; }
    const std::vector<Case>& cases() const { return cases_; }
    const GroupResult& result() const { return result_; }
    bool older() const { return older_; }

    /// Forgets what an earlier repetition found and runs the group's setup. The failure, if it did.
    std::unique_ptr<CaseResult> set_up();
    const CaseResult& run(size_t index);
    /// The case that ran last has failed otherwise: a test in C++ may use GoogleTest's assertions.
    void fail_last(const char* why);
    /// As set_up; blocks that live on after it are a failure too. Not counted, as in CMocka.
    std::unique_ptr<CaseResult> tear_down();
    /// Says what blocks of the group live on, though there was no teardown to find them: false if there are.
    bool leaves_no_blocks();
    /// Failures of all repetitions.
    int failures() const { return failures_ + result_.failures(); }

  private:
    std::vector<Case> cases_;
    Function setup_;
    Function teardown_;
    bool older_;
    void* state_ = nullptr;
    Checkpoint before_ = allocation_checkpoint();
    GroupResult result_;
    int failures_ = 0;  // of earlier repetitions
};

}  // namespace cmocka
