#include "googletest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "failure.h"
#include "group_printer.h"

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
    // Of the group's own setup and teardown; SETUP or TEARDOWN is their name.
    std::vector<CaseResult> fixture_failures{};
};

struct Program {
    std::vector<std::unique_ptr<Entry>> entries;
    std::unique_ptr<Report> report;  // null: GoogleTest's own output
    bool all_said = false;           // what comes now is for GoogleTest's reports only

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

// --- what GoogleTest is told ---

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

void tell_fixture(const Entry& entry, std::string_view which) {
    for (const CaseResult& failure : entry.fixture_failures) {
        if (failure.name == which) tell(failure);
    }
}

void keep(Entry& entry, const char* which, std::unique_ptr<CaseResult> failure) {
    if (failure == nullptr) return;
    if (Report* report = program().report.get())
        report->group_fixture_failed(entry.group->name(), which, *failure);
    failure->name = which;
    failure->reason = "GROUP " + failure->name + " of " + entry.suite + " failed";
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
    /// index: of the group's case, or beyond those of its fixtures' failure.
    CaseTest(Entry& entry, size_t index) : entry_(entry), index_(index) {}

    // A failure here makes GoogleTest pass over the tests; the older interface runs them all the same.
    static void SetUpTestSuite() {
        const testing::TestSuite* suite = googletest().current_test_suite();
        Entry& entry = *program().find(suite->name());
        if (entry.finished) return;
        start(entry, suite->test_to_run_count());
        if (!entry.group->older()) tell_fixture(entry, "SETUP");
    }

    static void TearDownTestSuite() {
        Entry& entry = *program().find(googletest().current_test_suite()->name());
        if (entry.finished) return;
        finish(entry);
        if (entry.group->older()) tell_fixture(entry, "SETUP");
        tell_fixture(entry, "TEARDOWN");
    }

  private:
    void TestBody() override {
        if (entry_.finished) {
            say_again();
            return;
        }
        Group& group = *entry_.group;
        Report* report = program().report.get();
        if (report != nullptr) report->case_started(group.cases()[index_].name);
        const CaseResult& result = group.run(index_);
        if (HasFailure()) group.fail_last("an assertion of GoogleTest failed");
        if (report != nullptr) report->case_ended(result, static_cast<int>(group.result().cases.size()));
        tell(result);
    }

    void say_again() {
        const size_t registered = entry_.group->cases().size();
        if (index_ >= registered) {
            tell(entry_.fixture_failures[index_ - registered]);
            return;
        }
        const auto& results = entry_.group->result().cases;
        const auto result = std::find_if(results.begin(), results.end(),
                                         [this](const CaseResult& one) { return one.index == index_; });
        if (result == results.end()) GTEST_SKIP() << "the group ended before";
        tell(*result);
    }

    Entry& entry_;
    size_t index_;
};

// --- running ---

// GoogleTest's flags on the command line, which main has not handed on: a test file written for CMocka knows
// none.
std::vector<std::string> command_line_flags() {
    std::vector<std::string> arguments{program_invocation_short_name};
    std::ifstream command_line("/proc/self/cmdline", std::ios::binary);
    for (std::string argument; std::getline(command_line, argument, '\0');) {
        if (argument.starts_with("--gtest_")) arguments.push_back(argument);
    }
    return arguments;
}

// Whether GoogleTest's printer shall print a suite's events, or (null) the program's.
bool is_shown(const char* suite) {
    if (program().report != nullptr || program().all_said) return false;
    const Entry* entry = suite != nullptr ? program().find(suite) : nullptr;
    return entry == nullptr || !entry->finished;
}

void initialise() {
    if (!program().entries.empty()) return;
    std::vector<std::string> arguments = command_line_flags();
    std::vector<char*> pointers;
    for (std::string& argument : arguments)
        pointers.push_back(argument.data());
    int argc = static_cast<int>(pointers.size());
    pointers.push_back(nullptr);
    testing::InitGoogleTest(&argc, pointers.data());
    program().report = chosen_report();
    auto& listeners = googletest().listeners();
    std::unique_ptr<testing::TestEventListener> printer(
        listeners.Release(listeners.default_result_printer()));
    if (printer != nullptr) listeners.Append(new GroupPrinter(std::move(printer), is_shown));
}

// A group that is run twice has the same name twice.
std::string unused_suite(const std::string& name) {
    std::string suite = name;
    for (int i = 2; program().find(suite) != nullptr; ++i)
        suite = name + '_' + std::to_string(i);
    return suite;
}

// Where a test stands in its file is not known.
void register_test(Entry& entry, const std::string& name, size_t index) {
    testing::RegisterTest(entry.suite.c_str(), name.c_str(), nullptr, nullptr, "", 0,
                          [&entry, index]() -> CaseTest* { return new CaseTest(entry, index); });
}

void run_all() {
    [[maybe_unused]] const int failed = RUN_ALL_TESTS();
}

// GoogleTest's reports leave out failures of a suite's own setup and teardown: there each becomes a test. Not
// where tests are dealt out to several processes by their number, which has to be the same in all of them.
void report_fixture_failures(Entry& entry) {
    if (entry.fixture_failures.empty() || std::getenv("GTEST_TOTAL_SHARDS") != nullptr) return;
    size_t index = entry.group->cases().size();
    for (const CaseResult& failure : entry.fixture_failures)
        register_test(entry, "GROUP " + failure.name, index++);
    program().all_said = true;
    run_all();
    program().all_said = false;
}

}  // namespace

int run_group(std::unique_ptr<Group> group) {
    initialise();
    const std::string suite = unused_suite(group->name());
    Entry& entry = *program().entries.emplace_back(new Entry{.group = std::move(group), .suite = suite});
    const auto& cases = entry.group->cases();
    for (size_t i = 0; i < cases.size(); ++i)
        register_test(entry, cases[i].name, i);
    if (GTEST_FLAG_GET(list_tests)) {
        // Printed once, with all groups: not before main has ended.
        if (program().entries.size() == 1) std::atexit(run_all);
        return 0;
    }
    run_all();
    if (!entry.started) {
        // No test was left. CMocka's filters leave the group itself alone, GoogleTest's leave it out.
        if (cases.empty()) {
            start(entry, 0);
            finish(entry);
        } else if (Report* report = program().report.get()) {
            report->group_started(entry.group->name(), 0);
            report->group_ended(entry.group->result());
        }
    }
    entry.finished = true;
    report_fixture_failures(entry);
    if (!entry.group->leaves_no_blocks()) std::exit(255);
    return entry.group->failures();
}

}  // namespace cmocka
