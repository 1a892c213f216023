// GoogleTest's console output for programs of several groups. In: GoogleTest's printer and its events. Out:
// the same, without what is only said again.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

namespace cmocka {

class GroupPrinter : public testing::TestEventListener {
  public:
    /// shown: whether a suite's events shall be printed, or, without a suite (null), those of the program.
    GroupPrinter(std::unique_ptr<testing::TestEventListener> printer,
                 std::function<bool(const char* suite)> shown)
        : printer_(std::move(printer)), shown_(std::move(shown)) {}

    void OnTestProgramStart(const testing::UnitTest& all) override;
    void OnTestIterationStart(const testing::UnitTest& all, int iteration) override;
    void OnEnvironmentsSetUpStart(const testing::UnitTest& all) override;
    void OnEnvironmentsSetUpEnd(const testing::UnitTest& all) override;
    void OnTestSuiteStart(const testing::TestSuite& suite) override;
    void OnTestStart(const testing::TestInfo& test) override;
    void OnTestDisabled(const testing::TestInfo& test) override;
    void OnTestPartResult(const testing::TestPartResult& result) override;
    void OnTestEnd(const testing::TestInfo& test) override;
    void OnTestSuiteEnd(const testing::TestSuite& suite) override;
    void OnEnvironmentsTearDownStart(const testing::UnitTest& all) override;
    void OnEnvironmentsTearDownEnd(const testing::UnitTest& all) override;
    void OnTestIterationEnd(const testing::UnitTest& all, int iteration) override;
    void OnTestProgramEnd(const testing::UnitTest& all) override;
#ifndef GTEST_REMOVE_LEGACY_TEST_CASEAPI_
    void OnTestCaseStart(const testing::TestSuite& suite) override;
    void OnTestCaseEnd(const testing::TestSuite& suite) override;
#endif

  private:
    bool all_shown() const {
        return shown_(nullptr);
    }

    std::unique_ptr<testing::TestEventListener> printer_;
    std::function<bool(const char*)> shown_;
    bool suite_shown_ = true;
    bool started_ = false;
};

}  // namespace cmocka
