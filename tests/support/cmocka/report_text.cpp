// The three line by line forms: CMocka's own (STDOUT), SUBUNIT and TAP.
#include <cstdio>

#include "interface.h"
#include "report.h"

namespace cmocka {
namespace {

constexpr const char* place_mark = "[   LINE   ] --- ";

class StandardReport : public Report {
  public:
    void group_started(const std::string&, int tests) override {
        print_message("[==========] Running %d test(s).\n", tests);
    }

    void group_fixture_failed(const std::string& group, const char* which, const CaseResult& why) override {
        const std::string text = failure_text(why, place_mark);
        if (!text.empty()) print_error("[  ERROR   ] --- %s\n", text.c_str());
        print_error("[  FAILED  ] GROUP %s\n[  ERROR   ] %s\n", which, group.c_str());
    }

    void case_started(const std::string& name) override { print_message("[ RUN      ] %s\n", name.c_str()); }

    void case_ended(const CaseResult& result, int) override {
        const std::string text = failure_text(result, place_mark);
        switch (result.status) {
            case Status::passed:
                print_message("[       OK ] %s\n", result.name.c_str());
                break;
            case Status::skipped:
                print_message("[  SKIPPED ] %s\n", result.name.c_str());
                break;
            case Status::failed:
                print_error("[  ERROR   ] --- %s\n", text.c_str());
                print_message("[  FAILED  ] %s\n", result.name.c_str());
                break;
            case Status::error:
                print_error("Could not run test: %s\n[  ERROR   ] %s\n", text.c_str(), result.name.c_str());
                break;
        }
        std::fflush(stdout);
    }

    void group_ended(const GroupResult& result) override {
        print_message("[==========] %zu test(s) run.\n", result.cases.size());
        print_error("[  PASSED  ] %d test(s).\n", result.count(Status::passed));
        list(result, Status::skipped, "SKIPPED ");
        if (result.count(Status::skipped) != 0) {
            print_error("\n %d SKIPPED TEST(S)\n", result.count(Status::skipped));
        }
        list(result, Status::failed, "FAILED  ");
        const int failures = result.count(Status::failed);
        if (failures != 0) print_error("\n %d FAILED TEST(S)\n", failures + result.count(Status::error));
    }

  private:
    static void list(const GroupResult& result, Status status, const char* word) {
        const int count = result.count(status);
        if (count == 0) return;
        print_error("[  %s] %d test(s), listed below:\n", word, count);
        for (const CaseResult& one : result.cases) {
            if (one.status == status) print_error("[  %s] %s\n", word, one.name.c_str());
        }
    }
};

class SubunitReport : public Report {
  public:
    void group_started(const std::string&, int) override {}

    void group_fixture_failed(const std::string& group, const char* which, const CaseResult& why) override {
        const std::string text = failure_text(why);
        if (!text.empty()) print_error("[  ERROR   ] --- %s\n", text.c_str());
        print_message("error: %s [ [  FAILED  ] GROUP %s ]\n", group.c_str(), which);
    }

    void case_started(const std::string& name) override { print_message("test: %s\n", name.c_str()); }

    void case_ended(const CaseResult& result, int) override {
        const char* name = result.name.c_str();
        const std::string text = failure_text(result);
        switch (result.status) {
            case Status::passed:
                print_message("success: %s\n", name);
                break;
            case Status::skipped:
                print_message("skip: %s\n", name);
                break;
            case Status::failed:
                print_message("failure: %s [\n%s\n]\n", name, text.c_str());
                break;
            case Status::error:
                print_message("error: %s [ Could not run test: %s ]\n", name, text.c_str());
                break;
        }
        std::fflush(stdout);
    }

    void group_ended(const GroupResult&) override {}
};

class TapReport : public Report {
  public:
    void group_started(const std::string&, int tests) override { print_message("1..%d\n", tests); }

    void group_fixture_failed(const std::string& group, const char* which, const CaseResult& why) override {
        const std::string text = failure_text(why);
        if (!text.empty()) print_error("[  ERROR   ] --- %s\n", text.c_str());
        print_message("not ok 0 - %s [  FAILED  ] GROUP %s\n", group.c_str(), which);
    }

    void case_started(const std::string&) override {}

    void case_ended(const CaseResult& result, int number) override {
        const char* name = result.name.c_str();
        switch (result.status) {
            case Status::passed:
                print_message("ok %d - %s\n", number, name);
                break;
            case Status::skipped:
                print_message("not ok %d # SKIP %s\n", number, name);
                break;
            case Status::failed:
                print_message("not ok %d - %s\n", number, name);
                print_comment(failure_text(result));
                break;
            case Status::error:
                print_message("not ok %d - %s Could not run test: %s\n", number, name,
                              failure_text(result).c_str());
                break;
        }
        std::fflush(stdout);
    }

    void group_ended(const GroupResult& result) override {
        const bool failed = result.count(Status::failed) + result.count(Status::error) != 0;
        print_message("# %s - %s\n", failed ? "not ok" : "ok", result.name.c_str());
        std::fflush(stdout);
    }

  private:
    static void print_comment(std::string_view text) {
        while (!text.empty()) {
            const size_t end = std::min(text.find('\n'), text.size());
            print_message("# %.*s\n", static_cast<int>(end), text.data());
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }
};

}  // namespace

std::unique_ptr<Report> make_standard_report() {
    return std::make_unique<StandardReport>();
}
std::unique_ptr<Report> make_subunit_report() {
    return std::make_unique<SubunitReport>();
}
std::unique_ptr<Report> make_tap_report() {
    return std::make_unique<TapReport>();
}

}  // namespace cmocka
