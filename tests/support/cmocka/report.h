// CMocka's forms of output. In: what a group's tests did, as it happens. Out: text on standard output and
// standard error, or the file of CMOCKA_XML_FILE.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "failure.h"

namespace cmocka {

enum class Status { passed, failed, skipped, error };  // error: a setup or teardown failed

struct CaseResult {
    std::string name;
    size_t index = 0;  ///< in the group, of all that were registered
    Status status = Status::passed;
    std::vector<Ended> why;  ///< what failed or was skipped, in order: setup, test, teardown
    std::string reason;      ///< with Status::error: which of them made it one
    double seconds = 0;
};

struct GroupResult {
    std::string name;
    std::vector<CaseResult> cases;
    int errors = 0;  ///< of the group's own setup, in the older interface of its teardown too
    double seconds = 0;

    int count(Status status) const;
    /// What cmocka_run_group_tests returns.
    int failures() const;
};

class Report {
  public:
    virtual ~Report() = default;
    virtual void group_started(const std::string& name, int tests) = 0;
    /// which: SETUP or TEARDOWN.
    virtual void group_fixture_failed(const std::string& group, const char* which, const CaseResult& why) = 0;
    virtual void case_started(const std::string& name) = 0;
    /// number: counted from 1 in the group.
    virtual void case_ended(const CaseResult& result, int number) = 0;
    virtual void group_ended(const GroupResult& result) = 0;
};

/// The form asked for: by CMOCKA_MESSAGE_OUTPUT, else by cmocka_set_message_output, else null: GoogleTest's
/// own.
std::unique_ptr<Report> chosen_report();
std::unique_ptr<Report> make_standard_report();
std::unique_ptr<Report> make_subunit_report();
std::unique_ptr<Report> make_tap_report();
std::unique_ptr<Report> make_xml_report();

/// Why a test failed, each place behind place_mark; without the last line's end.
std::string failure_text(const CaseResult& result, std::string_view place_mark = "");

}  // namespace cmocka
