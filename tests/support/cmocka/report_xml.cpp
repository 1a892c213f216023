// The XML form: one document for all groups, written anew after each; to CMOCKA_XML_FILE. Where that names a
// file that is there already and not of this run, or that cannot be written, a document for each group goes
// to standard error; to standard output where it names none.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "interface.h"
#include "report.h"

namespace cmocka {
namespace {

constexpr const char* declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n";

// XML 1.0 has no place for control characters, not even as references.
void append_character(std::string& text, char character) {
    const auto byte = static_cast<unsigned char>(character);
    text += byte < 0x20 && character != '\n' && character != '\t' ? '?' : character;
}

std::string attribute(const std::string& value) {
    std::string text;
    for (const char character : value) {
        switch (character) {
            case '&':
                text += "&amp;";
                break;
            case '<':
                text += "&lt;";
                break;
            case '>':
                text += "&gt;";
                break;
            case '"':
                text += "&quot;";
                break;
            default:
                append_character(text, character);
        }
    }
    return text;
}

std::string character_data(const std::string& value) {
    std::string text = "<![CDATA[";
    for (const char character : value) {
        if (character == '>' && text.ends_with("]]")) text += "]]><![CDATA[";
        append_character(text, character);
    }
    return text + "]]>";
}

std::string seconds(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", value);
    return text;
}

std::string test_suite(const GroupResult& group) {
    const int errors = group.count(Status::error) + group.errors;
    std::string text = "  <testsuite name=\"" + attribute(group.name) + "\" time=\"" +
                       seconds(group.seconds) + "\" tests=\"" + std::to_string(group.cases.size()) +
                       "\" failures=\"" + std::to_string(group.count(Status::failed)) + "\" errors=\"" +
                       std::to_string(errors) + "\" skipped=\"" +
                       std::to_string(group.count(Status::skipped)) + "\" >\n";
    for (const CaseResult& result : group.cases) {
        text += "    <testcase name=\"" + attribute(result.name) + "\" time=\"" + seconds(result.seconds) +
                "\" >\n";
        if (result.status == Status::skipped) text += "      <skipped/>\n";
        if (result.status == Status::failed || result.status == Status::error) {
            text += "      <failure>" + character_data(failure_text(result)) + "</failure>\n";
        }
        text += "    </testcase>\n";
    }
    return text + "  </testsuite>\n";
}

// The file's name, %g replaced by the group's.
std::string file_name(std::string pattern, const std::string& group) {
    for (size_t at = pattern.find("%g"); at != std::string::npos;
         at = pattern.find("%g", at + group.size())) {
        pattern.replace(at, 2, group);
    }
    return pattern;
}

class XmlReport : public Report {
  public:
    void group_started(const std::string&, int) override {}
    void group_fixture_failed(const std::string&, const char*, const CaseResult& why) override {
        const std::string text = failure_text(why);
        if (!text.empty()) print_error("[  ERROR   ] --- %s\n", text.c_str());
    }
    void case_started(const std::string&) override {}
    void case_ended(const CaseResult&, int) override {}

    void group_ended(const GroupResult& result) override {
        const std::string suite = test_suite(result);
        const char* file = std::getenv("CMOCKA_XML_FILE");
        if (file != nullptr && write(file_name(file, result.name), suite)) return;
        const auto print = file != nullptr ? print_error : print_message;
        print("%s<testsuites>\n%s</testsuites>\n", declared_ ? "" : declaration, suite.c_str());
        declared_ = true;
    }

  private:
    // False when the file is not ours, or cannot be written.
    bool write(const std::string& name, const std::string& suite) {
        const auto ours = suites_.find(name);
        const int flags = ours == suites_.end() ? O_CREAT | O_EXCL : O_TRUNC;
        const int descriptor = ::open(name.c_str(), O_WRONLY | O_CLOEXEC | flags, 0666);
        std::FILE* file = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w");
        if (file == nullptr) return false;
        std::string& all = suites_[name];
        all += suite;
        std::fprintf(file, "%s<testsuites>\n%s</testsuites>\n", declaration, all.c_str());
        return std::fclose(file) == 0;
    }

    std::map<std::string, std::string> suites_;  // by file: what this run has written there
    bool declared_ = false;
};

}  // namespace

std::unique_ptr<Report> make_xml_report() {
    return std::make_unique<XmlReport>();
}

}  // namespace cmocka
