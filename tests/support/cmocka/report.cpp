#include "report.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "interface.h"

namespace cmocka {
namespace {

std::optional<cm_message_output> set_output;

constexpr std::array names{std::pair{"STDOUT", CM_OUTPUT_STDOUT}, std::pair{"SUBUNIT", CM_OUTPUT_SUBUNIT},
                           std::pair{"TAP", CM_OUTPUT_TAP}, std::pair{"XML", CM_OUTPUT_XML}};

}  // namespace

int GroupResult::count(Status status) const {
    return static_cast<int>(std::count_if(
        cases.begin(), cases.end(), [status](const CaseResult& result) { return result.status == status; }));
}

int GroupResult::failures() const {
    return count(Status::failed) + count(Status::error) + errors;
}

std::string failure_text(const CaseResult& result, std::string_view place_mark) {
    std::string text;
    for (const Ended& why : result.why) {
        if (!text.empty() && !text.ends_with('\n')) text += '\n';
        text += why.text;
        if (!why.has_line || why.location.file == nullptr) continue;
        text += place_mark;
        text += why.location.file;
        text += ':' + std::to_string(why.location.line) + ": error: Failure!";
    }
    if (!text.empty() && !text.ends_with('\n') && !result.reason.empty()) text += '\n';
    return text + result.reason;
}

std::unique_ptr<Report> chosen_report() {
    std::optional<cm_message_output> output = set_output;
    if (const char* wanted = std::getenv("CMOCKA_MESSAGE_OUTPUT")) {
        for (const auto& [name, value] : names) {
            if (strcasecmp(name, wanted) == 0) output = value;
        }
    }
    if (!output) return nullptr;
    switch (*output) {
        case CM_OUTPUT_STDOUT:
            return make_standard_report();
        case CM_OUTPUT_SUBUNIT:
            return make_subunit_report();
        case CM_OUTPUT_TAP:
            return make_tap_report();
        case CM_OUTPUT_XML:
            return make_xml_report();
    }
    return nullptr;
}

}  // namespace cmocka

void cmocka_set_message_output(cm_message_output output) {
    cmocka::set_output = output;
}
