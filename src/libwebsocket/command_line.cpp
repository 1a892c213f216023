// The common command line of system servers. In: argv. Out: Options; the log, the daemon.
#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/file_descriptor.h"
#include "base/text.h"
#include "libwebsocket/websocket_server.h"
#include "log/logger.h"

namespace websocket_server {

namespace {

using marmoset::FileDescriptor;
namespace log = marmoset::log;

// Long names without a letter; the program's own options without one follow.
enum LongOnly { kStream = 256, kFraming, kMaxMessage, kWindow, kExtra, kLetterTaken = 1024 };

struct Builtin {
    int letter;
    const char* name;
    const char* argument;  // nullptr: a flag
    const char* help;
};

constexpr Builtin kBuiltins[] = {
    {'R', "root", "DIR", "folder of the socket, the gateway's docroot (default /var/run/websocket)"},
    {'n', "name", "NAME", "name of the socket; may be in a subfolder (default: the program's)"},
    {'u', "user", "USER", "become this user once the socket is bound"},
    {'g', "group", "GROUP", "group of the socket (default: the user's)"},
    {'m', "max-clients", "N", "more clients are refused (default 0: no limit)"},
    {kStream, "stream", nullptr, "SOCK_STREAM: one connection a client, payload only"},
    {kFraming, "framing", "FRAMING", "... carrying bytes (payload only), lines or records"},
    {kMaxMessage, "max-message", "BYTES", "longer messages close their client"},
    {kWindow, "window", "BYTES", "bytes of one client under way"},
    {'D', "daemon", nullptr, "go to the background"},
    {'L', "log-file", "FILE", "write the log there (default: standard error)"},
    {'h', "help", nullptr, "print this and exit"},
    {'V', "version", nullptr, "print the version and exit"},
};

void append_help(std::string& text, int letter, const std::string& name, const std::string& argument,
                 const std::string& help) {
    std::string left =
        letter > 0 && letter < 256 ? std::string("  -") + static_cast<char>(letter) + ", " : "      ";
    left += "--" + name + (argument.empty() ? "" : " " + argument);
    left.resize(std::max<size_t>(left.size() + 2, 28), ' ');
    text += left + help + "\n";
}

// What the daemon inherits: a terminal, or a pipe whose other end would wait for us, is let go.
void detach_output() {
    const FileDescriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
    struct stat info;
    dup2(null.get(), STDIN_FILENO);
    dup2(null.get(), STDOUT_FILENO);
    if (isatty(STDERR_FILENO) || fstat(STDERR_FILENO, &info) != 0 || S_ISFIFO(info.st_mode)) {
        dup2(null.get(), STDERR_FILENO);
    }
}

}  // namespace

CommandLine::CommandLine(std::string program, std::string summary, std::string version)
    : program_(std::move(program)), summary_(std::move(summary)), version_(std::move(version)) {
    options_.name = program_;
    options_.software = program_ + "/" + version_;
}

void CommandLine::add_flag(char letter, std::string name, std::string help, bool& value) {
    extras_.push_back({letter, std::move(name), {}, std::move(help), &value, nullptr, nullptr});
}

void CommandLine::add_option(char letter, std::string name, std::string argument, std::string help,
                             std::string& value) {
    extras_.push_back(
        {letter, std::move(name), std::move(argument), std::move(help), nullptr, &value, nullptr});
}

void CommandLine::add_options(char letter, std::string name, std::string argument, std::string help,
                              std::vector<std::string>& values) {
    extras_.push_back(
        {letter, std::move(name), std::move(argument), std::move(help), nullptr, nullptr, &values});
}

bool CommandLine::taken(int letter) const {
    return std::any_of(extras_.begin(), extras_.end(),
                       [letter](const Extra& extra) { return extra.letter == letter; });
}

bool CommandLine::parse(int argc, char** argv) {
    std::string letters;
    std::vector<option> names;
    const auto add = [&](int letter, const char* name, bool argument) {
        if (letter < 256) letters += std::string(1, static_cast<char>(letter)) + (argument ? ":" : "");
        names.push_back({name, argument ? required_argument : no_argument, nullptr, letter});
    };
    for (const Builtin& builtin : kBuiltins) {
        const int letter = taken(builtin.letter) ? builtin.letter + kLetterTaken : builtin.letter;
        add(letter, builtin.name, builtin.argument != nullptr);
    }
    for (size_t i = 0; i < extras_.size(); ++i) {
        const Extra& extra = extras_[i];
        add(extra.letter != 0 ? extra.letter : kExtra + static_cast<int>(i), extra.name.c_str(),
            extra.flag == nullptr);
    }
    names.push_back({nullptr, 0, nullptr, 0});
    optind = 0;  // begins anew, also where an earlier parse stopped amid a cluster of letters
    for (;;) {
        const int found = getopt_long(argc, argv, letters.c_str(), names.data(), nullptr);
        if (found == -1) break;
        if (found == '?') return refuse("");  // getopt has said why
        if (!take(found, optarg)) return false;
    }
    if (optind < argc) return refuse(std::string("unexpected argument \"") + argv[optind] + "\"");
    return true;
}

bool CommandLine::take(int option, const char* argument) {
    for (size_t i = 0; i < extras_.size(); ++i) {
        const Extra& extra = extras_[i];
        if (option != (extra.letter != 0 ? extra.letter : kExtra + static_cast<int>(i))) continue;
        if (extra.flag) *extra.flag = true;
        if (extra.text) *extra.text = argument;
        if (extra.texts) extra.texts->emplace_back(argument);
        return true;
    }
    if (option > kLetterTaken) option -= kLetterTaken;
    const uint64_t number = marmoset::parse_decimal(argument ? argument : "").value_or(UINT64_MAX);
    switch (option) {
        case 'R':
            options_.directory = argument;
            return true;
        case 'n':
            options_.name = argument;
            return true;
        case 'u':
            options_.user = argument;
            return true;
        case 'g':
            options_.group = argument;
            return true;
        case 'D':
            daemon_ = true;
            return true;
        case 'L':
            log_file_ = argument;
            return true;
        case kStream:
            options_.stream = true;
            return true;
        case kFraming:
            options_.stream = true;
            return take_framing(argument);
        case 'm':
            if (number > 1000000) return refuse("-m: not a number of clients");
            options_.max_clients = static_cast<unsigned>(number);
            return true;
        case kMaxMessage:
            if (number < 1 || number > UINT32_MAX) return refuse("--max-message: not a number of bytes");
            options_.max_message = number;
            return true;
        case kWindow:
            if (number < 1024 || number > UINT32_MAX)
                return refuse("--window: not a number of bytes from 1024");
            options_.window = number;
            return true;
        case 'h':
            std::fputs(help().c_str(), stdout);
            return false;
        case 'V':
            std::printf("%s/%s\n", program_.c_str(), version_.c_str());
            return false;
        default:
            return refuse("");
    }
}

bool CommandLine::take_framing(std::string_view name) {
    if (name == "bytes") {
        options_.framing = Framing::Bytes;
    } else if (name == "lines") {
        options_.framing = Framing::Lines;
    } else if (name == "records") {
        options_.framing = Framing::Records;
    } else {
        return refuse("--framing: bytes, lines or records");
    }
    return true;
}

bool CommandLine::refuse(const std::string& message) {
    if (!message.empty()) std::fprintf(stderr, "%s: %s\n", program_.c_str(), message.c_str());
    std::fprintf(stderr, "Try '%s --help'.\n", program_.c_str());
    status_ = 1;
    return false;
}

std::string CommandLine::help() const {
    std::string text = "Usage: " + program_ + " [-R DIR] [-n NAME] [-u USER] [OPTION]...\n" + program_ + " " +
                       summary_ + ".\n\n";
    for (const Extra& extra : extras_)
        append_help(text, extra.letter, extra.name, extra.argument, extra.help);
    for (const Builtin& builtin : kBuiltins) {
        std::string help = builtin.help;
        if (builtin.letter == kMaxMessage) help += " (default " + std::to_string(options_.max_message) + ")";
        if (builtin.letter == kWindow) help += " (default " + std::to_string(options_.window) + ")";
        append_help(text, taken(builtin.letter) ? 0 : builtin.letter, builtin.name,
                    builtin.argument ? builtin.argument : "", help);
    }
    return text;
}

int CommandLine::run(Server& server, const std::function<std::string()>& prepare) {
    std::signal(SIGPIPE, SIG_IGN);  // a log that is a pipe may lose its reader
    const auto opened = log::open(log_file_);
    if (!opened) {
        std::fprintf(stderr, "%s: %s\n", program_.c_str(), opened.error().text.c_str());
        return 1;
    }
    log::set_process_name(program_);
    const auto begin = [&] {
        std::string error = server.listen();
        if (error.empty() && prepare) error = prepare();
        if (!error.empty()) log::error("{}", error);
        return error.empty();
    };
    if (!daemon_) return begin() ? server.run() : 1;

    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return 1;
    FileDescriptor ready(ends[0]), report(ends[1]);
    const pid_t child = fork();
    if (child < 0) {
        std::perror("fork");
        return 1;
    }
    if (child > 0) {
        report.reset();
        char byte;
        return read(ready.get(), &byte, 1) == 1 ? 0 : 1;  // the child has said why
    }
    ready.reset();
    setsid();
    if (!begin()) return 1;
    // The socket's path is absolute by now; no folder is kept from being unmounted.
    if (chdir("/") != 0) log::warning("chdir /: the working folder stays");
    if (write(report.get(), "", 1) != 1) log::warning("daemon: the caller has gone");
    report.reset();
    detach_output();
    return server.run();
}

}  // namespace websocket_server
