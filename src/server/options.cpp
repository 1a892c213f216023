// The command line: one table makes the parser's options and the help. In: argc, argv, environment. Out:
// Options, texts.

#include "server/options.h"

#include <fmt/format.h>
#include <getopt.h>
#include <unistd.h>
#include <uv.h>

#include <climits>
#include <cstdlib>

#include "base/text.h"
#include "config/document.h"
#include "server/paths.h"

namespace marmoset::server {

namespace {

constexpr unsigned kMaxPort = 65535;
constexpr unsigned kMaxWorkers = 1024;
constexpr unsigned kMaxServers = 65535;

/// Codes of flags that have no letter.
enum LongOnly { kPortsFile = 256, kWorkers, kHelpConfig };

struct Flag {
    int code;  ///< its letter, or one of LongOnly
    const char* name;
    const char* argument;  ///< nullptr: takes none
    const char* help;      ///< lines of at most 51 characters
};

constexpr Flag kFlags[] = {
    {'f', "config", "FILE", "configuration file; the built-in one: see -C"},
    {'M', "modules", "DIR[:DIR]",
     "folders of the modules; unset:\n$MARMOSET_MODULES_PATH, $OUISTITI_MODULES_PATH,\nelse the built-in "
     "one"},
    {'W', "root", "DIR", "chroot to DIR once everything is open; when that\nis refused, only change to it"},
    {'P', "port", "PORT", "port of servers with port 0; 0: any free one"},
    {'s', "server", "N", "only the Nth server, counted from 0"},
    {kWorkers, "workers", "N",
     "worker processes; 0: everything in one process;\nwins over the configuration"},
    {'p', "pid-file", "FILE",
     "file for the process number, locked while running;\nwins over the configuration"},
    {kPortsFile, "ports-file", "FILE", "file for the bound addresses, one a line"},
    {'L', "log-file", "FILE", "error log; empty or -: none; wins over the\nconfiguration"},
    {'v', "verbose", nullptr, "log everything (log-level debug)"},
    {'D', "daemon", nullptr, "run in the background"},
    {'K', "kill", nullptr, "end the running server whose lock is on the file\nof -p, and wait for it"},
    {'t', "check", nullptr, "check the configuration and exit"},
    {'C', "paths", nullptr, "print the built-in paths and exit"},
    {kHelpConfig, "help-config", nullptr, "print every key of the configuration with its\ndefault and exit"},
    {'V', "version", nullptr, "print the version and the modules and exit"},
    {'h', "help", nullptr, "print this text and exit"},
};

const Flag* find_flag(int code) {
    for (const Flag& flag : kFlags) {
        if (flag.code == code) return &flag;
    }
    return nullptr;
}

/// The flag as people type it: "-f", or "--workers" where it has no letter.
std::string flag_text(int code) {
    if (code < 256) return fmt::format("-{}", static_cast<char>(code));
    const Flag* flag = find_flag(code);
    return flag != nullptr ? fmt::format("--{}", flag->name) : std::string();
}

void add_paths(std::string_view list, std::vector<std::string>& paths) {
    while (!list.empty()) {
        size_t end = std::min(list.find(':'), list.size());
        if (end != 0) paths.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(list.size(), end + 1));
    }
}

Result<unsigned> number(int code, unsigned max) {
    auto value = parse_decimal(optarg);
    if (!value || *value > max) {
        return Error{fmt::format("{} {}: expected a number from 0 to {}", flag_text(code), optarg, max), 0};
    }
    return static_cast<unsigned>(*value);
}

Result<void> apply(int code, Options& options) {
    auto set_number = [&](std::optional<unsigned>& target, unsigned max) -> Result<void> {
        auto value = number(code, max);
        if (!value) return value.error();
        target = *value;
        return {};
    };
    switch (code) {
        case 'f':
            options.config_file = optarg;
            break;
        case 'p':
            options.pid_file = optarg;
            break;
        case 'P':
            return set_number(options.port, kMaxPort);
        case 's':
            return set_number(options.only_server, kMaxServers);
        case kWorkers:
            return set_number(options.workers, kMaxWorkers);
        case 'M':
            add_paths(optarg, options.module_paths);
            break;
        case 'W':
            options.root = optarg;
            break;
        case 'L':
            options.log_file = optarg;
            break;
        case kPortsFile:
            options.ports_file = optarg;
            break;
        case 'D':
            options.daemon = true;
            break;
        case 'K':
            options.kill = true;
            break;
        case 't':
            options.check = true;
            break;
        case 'C':
            options.print_paths = true;
            break;
        case kHelpConfig:
            options.help_config = true;
            break;
        case 'V':
            options.version = true;
            break;
        case 'h':
            options.help = true;
            break;
        case 'v':
            options.verbose = true;
            break;
        default:
            break;
    }
    return {};
}

/// What getopt_long means by '?': it tells only through its globals.
Error refusal(char** argv) {
    if (optopt == 0) return Error{fmt::format("unknown option {}", argv[optind - 1]), 0};
    const Flag* flag = find_flag(optopt);
    if (flag != nullptr) return Error{fmt::format("--{} takes no value", flag->name), 0};
    return Error{fmt::format("unknown option -{}", static_cast<char>(optopt)), 0};
}

}  // namespace

Result<Options> parse_options(int argc, char** argv) {
    std::string letters = ":";  // a missing value is told from an unknown flag
    std::vector<option> names;
    for (const Flag& flag : kFlags) {
        names.push_back(
            {flag.name, flag.argument != nullptr ? required_argument : no_argument, nullptr, flag.code});
        if (flag.code >= 256) continue;
        letters += static_cast<char>(flag.code);
        if (flag.argument != nullptr) letters += ':';
    }
    names.push_back({});
    Options options;
    optind = 0;  // glibc: start anew, forgetting an earlier parse
    opterr = 0;
    for (;;) {
        int code = ::getopt_long(argc, argv, letters.c_str(), names.data(), nullptr);
        if (code == -1) break;
        if (code == '?') return refusal(argv);
        if (code == ':') {
            const Flag* flag = find_flag(optopt);
            std::string name = fmt::format("--{}", flag != nullptr ? flag->name : "");
            if (optopt < 256) name = fmt::format("{} ({})", flag_text(optopt), name);
            return Error{name + " needs a value", 0};
        }
        if (auto done = apply(code, options); !done) return done.error();
    }
    if (optind < argc) return Error{fmt::format("unexpected argument {}", argv[optind]), 0};
    if (options.kill && options.pid_file.empty()) return Error{"-K needs the file of the server: -p FILE", 0};
    for (const char* name : {"MARMOSET_MODULES_PATH", "OUISTITI_MODULES_PATH"}) {
        const char* value = std::getenv(name);
        if (options.module_paths.empty() && value != nullptr) add_paths(value, options.module_paths);
    }
    if (options.module_paths.empty()) options.module_paths.emplace_back(MARMOSET_PKGLIBDIR);
    if (options.config_file.empty()) options.config_file = MARMOSET_CONFIGFILE;
    return options;
}

std::string help_text() {
    constexpr size_t kHelpColumn = 29;
    std::string text =
        "Usage: marmoset [OPTION]...\n"
        "HTTP server, and gateway from websockets to servers on UNIX sockets.\n\n";
    for (const Flag& flag : kFlags) {
        std::string line = flag.code < 256 ? fmt::format("  -{}, ", static_cast<char>(flag.code)) : "      ";
        line += fmt::format("--{}", flag.name);
        if (flag.argument != nullptr) line += fmt::format("={}", flag.argument);
        std::string_view rest = flag.help;
        while (!rest.empty()) {
            size_t end = std::min(rest.find('\n'), rest.size());
            line.resize(std::max(line.size() + 1, kHelpColumn), ' ');
            text.append(line).append(rest.substr(0, end)).append("\n");
            rest.remove_prefix(std::min(rest.size(), end + 1));
            line.clear();
        }
    }
    text +=
        "\nSignals to the supervisor: TERM and INT end the server when its connections\n"
        "have finished or drain_timeout is over, USR1 opens the logs anew.\n"
        "See marmoset(8), marmoset.conf(5).\n";
    return text;
}

std::string version_text() {
#if defined(__clang__)
    constexpr const char* kCompiler = "clang++ " __clang_version__;
#else
    constexpr const char* kCompiler = "g++ " __VERSION__;
#endif
    return fmt::format("marmoset/" MARMOSET_VERSION "\ncompiler: {}\nlibraries: libuv {}.{}.{}, {}\n",
                       kCompiler, UV_VERSION_MAJOR, UV_VERSION_MINOR, UV_VERSION_PATCH,
                       config::library_version());
}

std::string default_hostname() {
    char name[HOST_NAME_MAX + 1] = "";
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
    std::string text = name;
    return text.find('.') == std::string::npos ? text + ".local" : text;
}

std::string paths_text() {
    std::string text;
    auto line = [&](const char* name, std::string_view value) {
        text += fmt::format("{}=\"{}\"\n", name, value);
    };
    line("sysconfdir", MARMOSET_SYSCONFDIR);
    line("prefix", MARMOSET_PREFIX);
    line("libdir", MARMOSET_LIBDIR);
    line("pkglibdir", MARMOSET_PKGLIBDIR);
    line("datadir", MARMOSET_DATADIR);
    line("configfile", MARMOSET_CONFIGFILE);
    line("pidfile", MARMOSET_PIDFILE);
    line("hostname", default_hostname());
    return text;
}

}  // namespace marmoset::server
