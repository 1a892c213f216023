#include "group_printer.h"

namespace cmocka {

// RUN_ALL_TESTS starts the program anew for each group.
void GroupPrinter::OnTestProgramStart(const testing::UnitTest& all) {
    if (all_shown() && !started_) printer_->OnTestProgramStart(all);
    started_ = true;
}

void GroupPrinter::OnTestIterationStart(const testing::UnitTest& all, int iteration) {
    if (all_shown()) printer_->OnTestIterationStart(all, iteration);
}

void GroupPrinter::OnEnvironmentsSetUpStart(const testing::UnitTest& all) {
    if (all_shown()) printer_->OnEnvironmentsSetUpStart(all);
}

void GroupPrinter::OnEnvironmentsSetUpEnd(const testing::UnitTest& all) {
    if (all_shown()) printer_->OnEnvironmentsSetUpEnd(all);
}

void GroupPrinter::OnTestSuiteStart(const testing::TestSuite& suite) {
    suite_shown_ = shown_(suite.name());
    if (suite_shown_) printer_->OnTestSuiteStart(suite);
}

void GroupPrinter::OnTestStart(const testing::TestInfo& test) {
    if (suite_shown_) printer_->OnTestStart(test);
}

void GroupPrinter::OnTestDisabled(const testing::TestInfo& test) {
    if (suite_shown_) printer_->OnTestDisabled(test);
}

// GoogleTest holds its lock here: it is not to be asked which suite runs.
void GroupPrinter::OnTestPartResult(const testing::TestPartResult& result) {
    if (suite_shown_) printer_->OnTestPartResult(result);
}

void GroupPrinter::OnTestEnd(const testing::TestInfo& test) {
    if (suite_shown_) printer_->OnTestEnd(test);
}

void GroupPrinter::OnTestSuiteEnd(const testing::TestSuite& suite) {
    if (suite_shown_) printer_->OnTestSuiteEnd(suite);
}

void GroupPrinter::OnEnvironmentsTearDownStart(const testing::UnitTest& all) {
    if (all_shown()) printer_->OnEnvironmentsTearDownStart(all);
}

void GroupPrinter::OnEnvironmentsTearDownEnd(const testing::UnitTest& all) {
    if (all_shown()) printer_->OnEnvironmentsTearDownEnd(all);
}

void GroupPrinter::OnTestIterationEnd(const testing::UnitTest& all, int iteration) {
    if (all_shown()) printer_->OnTestIterationEnd(all, iteration);
}

void GroupPrinter::OnTestProgramEnd(const testing::UnitTest& all) {
    if (all_shown()) printer_->OnTestProgramEnd(all);
}

#ifndef GTEST_REMOVE_LEGACY_TEST_CASEAPI_
// GoogleTest's own printer still listens to these.
void GroupPrinter::OnTestCaseStart(const testing::TestSuite& suite) {
    suite_shown_ = shown_(suite.name());
    if (suite_shown_) printer_->OnTestCaseStart(suite);
}

void GroupPrinter::OnTestCaseEnd(const testing::TestSuite& suite) {
    if (suite_shown_) printer_->OnTestCaseEnd(suite);
}
#endif

}  // namespace cmocka
