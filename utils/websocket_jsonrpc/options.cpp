// Options of websocket_jsonrpc. In: texts of the command line. Out: settings within their limits.
#include "options.h"

#include <charconv>
#include <cmath>

#include "base/text.h"
#include "library_path.h"

namespace jsonrpc {

namespace {

constexpr const char* kLibraryFolder = MARMOSET_PKGLIBDIR "/jsonrpc";

// 16 KiB of JSON may become 1 MiB of values: requests are shorter than other servers' messages.
constexpr size_t kMaxMessage = 1u << 20;

bool take_number(const std::string& text, uint64_t least, uint64_t most, auto& value) {
    if (text.empty()) return true;
    const auto number = marmoset::parse_decimal(text);
    if (!number || *number < least || *number > most) return false;
    value = static_cast<std::remove_reference_t<decltype(value)>>(*number);
    return true;
}

// Seconds, perhaps with a fraction.
bool take_seconds(const std::string& text, unsigned& milliseconds) {
    if (text.empty()) return true;
    double seconds = 0;
    const auto end =
        std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return false;
    if (!(seconds >= 0.01 && seconds <= 86400)) return false;
    milliseconds = static_cast<unsigned>(std::lround(seconds * 1000));
    return true;
}

}  // namespace

Options::Options(websocket_server::CommandLine& line) {
    line.defaults().max_message = kMaxMessage;
    line.add_options('L', "library", "FILE", "library with the methods; given before it: folders to look in",
                     libraries_);
    line.add_options('C', "config", "STRING", "what the library is configured with", configs_);
    line.add_option(0, "processes", "N",
                    "processes that run the library (default 2; ouistiti's interface: 4)", processes_);
    line.add_option(0, "threads", "N", "calls at once in one of them (default 4)", threads_);
    line.add_option(0, "timeout", "SECONDS", "a call is given up after this (default 30)", timeout_);
    line.add_option(0, "max-calls", "N", "calls of a client under way; more wait (default 64)", max_calls_);
    line.add_option(0, "max-batch", "N", "requests in one batch (default 256)", max_batch_);
    line.add_option(0, "max-answer", "BYTES", "of one answer or notification (default 16777216)",
                    max_answer_);
    line.add_option(0, "max-waiting", "BYTES", "notifications that may wait for a client (default 1048576)",
                    max_waiting_);
    line.add_flag('z', "nul", "end each text with a NUL, as ouistiti's server does", nul_);
}

std::string Options::settings(const websocket_server::Options& common, ServerSettings& settings) const {
    settings.name = common.name;
    settings.nul = nul_;
    settings.max_call_bytes = common.max_message;
    settings.worker.library = find_library(libraries_, kLibraryFolder);
    if (settings.worker.library.empty()) return "-L: which library?";
    settings.worker.configured = !configs_.empty();
    if (!configs_.empty()) settings.worker.config = configs_.back();
    if (!take_number(processes_, 1, 256, settings.processes)) return "--processes: a number from 1 to 256";
    if (!take_number(threads_, 1, 256, settings.worker.threads)) return "--threads: a number from 1 to 256";
    if (!take_seconds(timeout_, settings.worker.timeout_ms)) return "--timeout: seconds from 0.01 to 86400";
    if (!take_number(max_calls_, 1, 65536, settings.max_calls))
        return "--max-calls: a number from 1 to 65536";
    if (!take_number(max_batch_, 1, 65536, settings.limits.batch))
        return "--max-batch: a number from 1 to 65536";
    if (!take_number(max_answer_, 1024, 64u << 20, settings.limits.answer))
        return "--max-answer: bytes from 1024 to 67108864";
    settings.worker.max_answer = settings.limits.answer;
    if (!take_number(max_waiting_, 1024, 1u << 30, settings.worker.max_waiting))
        return "--max-waiting: bytes from 1024 to 1073741824";
    return {};
}

}  // namespace jsonrpc
