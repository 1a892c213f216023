#include "googletest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "failure.h"

namespace cmocka {
namespace {

// A group and how far it is. RUN_ALL_TESTS comes once for each group and first clears what it has found
// before, so finished groups say again how they ended. GoogleTest's reports then hold all groups, and nothing
// here has to know their form.
struct Entry {
    std::unique_ptr<Group> group;
    std::string suite;  // GoogleTest's name for it: unique
    bool started = false;
    bool finished = false;
    std::vector<CaseResult>
        fixture_failures{};  // of the group's own setup and teardown, which are their names
};

struct Program {
    std::vector<std::unique_ptr<Entry>> entries;
    std::unique_ptr<Report> report;  // null: GoogleTest's own output

    Entry* find(std::string_view suite) const {
        for (const auto& entry : entries) {
            if (entry->suite == suite) return entry.get();
        }
        return nullptr;
    }
};

// Never destroyed: GoogleTest's own objects look at it until the program ends.
Program& program() {
    static auto& only = *new Program;
    return only;
}

testing::UnitTest& googletest() {
    return *testing::UnitTest::GetInstance();
}

// --- what GoogleTest is told
// ------------------------------------------------------------------------------------------

void tell(const Ended& why, const std::string& reason) {
    std::string text = why.text;
    for (const std::string* more : {&why.note, &reason}) {
        if (!text.empty() && !text.ends_with('\n')) text += '\n';
        text += *more;
    }
    while (text.ends_with('\n'))
        text.pop_back();
    const bool skipped = why.how == Ended::How::skipped && reason.empty();
    const char* file = why.location.file;
    GTEST_MESSAGE_AT_(file, file != nullptr ? why.location.line : -1, text.c_str(),
                      skipped ? testing::TestPartResult::kSkip : testing::TestPartResult::kNonFatalFailure);
}

void tell(const CaseResult& result) {
    for (const Ended& why : result.why)
        tell(why, &why == &result.why.back() ? result.reason : std::string());
}

void tell_fixtures(const Entry& entry, std::string_view which) {
    for (const CaseResult& failure : entry.fixture_failures) {
        if (failure.name == which) tell(failure);
    }
}

void keep(Entry& entry, const char* which, std::unique_ptr<CaseResult> failure) {
    if (failure == nullptr) return;
    if (Report* report = program().report.get())
        report->group_fixture_failed(entry.group->name(), which, *failure);
    failure->name = which;
    failure->reason = "GROUP " + failure->name + " failed";
    entry.fixture_failures.push_back(std::move(*failure));
}

void start(Entry& entry, int tests) {
    entry.started = true;
    entry.fixture_failures.clear();
    if (Report* report = program().report.get()) report->group_started(entry.group->name(), tests);
    keep(entry, "SETUP", entry.group->set_up());
}

void finish(Entry& entry) {
    keep(entry, "TEARDOWN", entry.group->tear_down());
    if (Report* report = program().report.get()) report->group_ended(entry.group->result());
}

class CaseTest : public testing::Test {
  public:
    CaseTest(Entry& entry, size_t index) : entry_(entry), index_(index) {}

    // A failure here makes GoogleTest pass over the tests; the older interface runs them all the same.
    static void SetUpTestSuite() {
        const testing::TestSuite* suite = googletest().current_test_suite();
        Entry& entry = *program().find(suite->name());
        if (!entry.finished) start(entry, suite->test_to_run_count());
        if (!entry.group->older()) tell_fixtures(entry, "SETUP");
    }

    static void TearDownTestSuite() {
        Entry& entry = *program().find(googletest().current_test_suite()->name());
        if (!entry.finished) finish(entry);
        if (entry.group->older()) tell_fixtures(entry, "SETUP");
        tell_fixtures(entry, "TEARDOWN");
    }

  private:
    void TestBody() override {
        Group& group = *entry_.group;
        const auto& results = group.result().cases;
        if (entry_.finished) {
            const auto result = std::find_if(results.begin(), results.end(),
                                             [this](const CaseResult& one) { return one.index == index_; });
            if (result != results.end()) tell(*result);
            return;
        }
        Report* report = program().report.get();
        if (report != nullptr) report->case_started(group.cases()[index_].name);
        const CaseResult& result = group.run(index_);
        if (HasFailure()) group.fail_last("an assertion of GoogleTest failed");
        if (report != nullptr) report->case_ended(result, static_cast<int>(results.size()));
        tell(result);
    }

    Entry& entry_;
    size_t index_;
};

// --- what GoogleTest prints
// -------------------------------------------------------------------------------------------

// GoogleTest's printer without the repetitions of finished groups; silent when one of CMocka's forms is
// wanted.
class GroupPrinter : public testing::TestEventListener {
  public:
    explicit GroupPrinter(std::unique_ptr<testing::TestEventListener> printer)
        : printer_(std::move(printer)) {}

    void OnTestProgramStart(const testing::UnitTest& all) override {
        if (on() && program().entries.size() == 1) printer_->OnTestProgramStart(all);
    }
    void OnTestIterationStart(const testing::UnitTest& all, int iteration) override {
        if (on()) printer_->OnTestIterationStart(all, iteration);
    }
    void OnEnvironmentsSetUpStart(const testing::UnitTest& all) override {
        if (on()) printer_->OnEnvironmentsSetUpStart(all);
    }
    void OnEnvironmentsSetUpEnd(const testing::UnitTest& all) override {
        if (on()) printer_->OnEnvironmentsSetUpEnd(all);
    }
    void OnTestSuiteStart(const testing::TestSuite& suite) override {
        enter(suite);
        if (on() && !repeated_) printer_->OnTestSuiteStart(suite);
    }
#ifndef GTEST_REMOVE_LEGACY_TEST_CASEAPI_
    void OnTestCaseStart(const testing::TestSuite& suite) override {
        enter(suite);
        if (on() && !repeated_) printer_->OnTestCaseStart(suite);
    }
    void OnTestCaseEnd(const testing::TestSuite& suite) override {
        if (on() && !repeated_) printer_->OnTestCaseEnd(suite);
    }
#endif
    void OnTestStart(const testing::TestInfo& test) override {
        if (on() && !repeated_) printer_->OnTestStart(test);
    }
    void OnTestDisabled(const testing::TestInfo& test) override {
        if (on() && !repeated_) printer_->OnTestDisabled(test);
    }
    // GoogleTest holds its lock here: the suite that runs is not to be asked of it.
    void OnTestPartResult(const testing::TestPartResult& result) override {
        if (on() && !repeated_) printer_->OnTestPartResult(result);
    }
    void OnTestEnd(const testing::TestInfo& test) override {
        if (on() && !repeated_) printer_->OnTestEnd(test);
    }
    void OnTestSuiteEnd(const testing::TestSuite& suite) override {
        if (on() && !repeated_) printer_->OnTestSuiteEnd(suite);
    }
    void OnEnvironmentsTearDownStart(const testing::UnitTest& all) override {
        if (on()) printer_->OnEnvironmentsTearDownStart(all);
    }
    void OnEnvironmentsTearDownEnd(const testing::UnitTest& all) override {
        if (on()) printer_->OnEnvironmentsTearDownEnd(all);
    }
    void OnTestIterationEnd(const testing::UnitTest& all, int iteration) override {
        if (on()) printer_->OnTestIterationEnd(all, iteration);
    }
    void OnTestProgramEnd(const testing::UnitTest& all) override {
        if (on()) printer_->OnTestProgramEnd(all);
    }

  private:
    static bool on() {
        return program().report == nullptr;
    }
    void enter(const testing::TestSuite& suite) {
        const Entry* entry = program().find(suite.name());
        repeated_ = entry != nullptr && entry->finished;
    }

    std::unique_ptr<testing::TestEventListener> printer_;
    bool repeated_ = false;  // the suite is that of a finished group
};

// --- running
// ----------------------------------------------------------------------------------------------------------

// main belongs to the test file: GoogleTest has its flags from the environment (GTEST_FILTER ...).
void initialise() {
    if (!program().entries.empty()) return;
    int argc = 1;
    std::string name = program_invocation_short_name;
    char* argv[] = {name.data(), nullptr};
    testing::InitGoogleTest(&argc, argv);
    program().report = chosen_report();
    auto& listeners = googletest().listeners();
    std::unique_ptr<testing::TestEventListener> printer(
        listeners.Release(listeners.default_result_printer()));
    if (printer != nullptr) listeners.Append(new GroupPrinter(std::move(printer)));
}

// A group that is run twice has the same name twice.
std::string unused_suite(const std::string& name) {
    std::string suite = name;
    for (int i = 2; program().find(suite) != nullptr; ++i)
        suite = name + '_' + std::to_string(i);
    return suite;
}

void register_tests(Entry& entry) {
    const auto& cases = entry.group->cases();
    for (size_t i = 0; i < cases.size(); ++i) {
        testing::RegisterTest(entry.suite.c_str(), cases[i].name.c_str(), nullptr, nullptr, __FILE__,
                              __LINE__, [&entry, i]() -> CaseTest* { return new CaseTest(entry, i); });
    }
}

// The list is printed once and holds all groups, so not before main has ended.
void list_at_exit() {
    static const bool registered =
        std::atexit([] { [[maybe_unused]] const int failed = RUN_ALL_TESTS(); }) == 0;
    static_cast<void>(registered);
}

}  // namespace

int run_group(std::unique_ptr<Group> group) {
    initialise();
    const std::string suite = unused_suite(group->name());
    Entry& entry = *program().entries.emplace_back(new Entry{.group = std::move(group), .suite = suite});
    register_tests(entry);
    if (GTEST_FLAG_GET(list_tests)) {
        list_at_exit();
        return 0;
    }
    [[maybe_unused]] const int failed = RUN_ALL_TESTS();
    if (!entry.started) {
        // No test was left. CMocka's filters leave the group itself alone, GoogleTest's leave it out.
        if (entry.group->cases().empty()) {
            start(entry, 0);
            finish(entry);
        } else if (Report* report = program().report.get()) {
            report->group_started(entry.group->name(), 0);
            report->group_ended(entry.group->result());
        }
    }
    entry.finished = true;
    if (!entry.group->leaves_no_blocks()) std::exit(255);
    return entry.group->failures();
}

}  // namespace cmocka
