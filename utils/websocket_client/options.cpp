#include "options.h"

#include <getopt.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

enum LongOnly { kCaCert = 256, kInsecure, kUser, kProxy, kNoCompression, kConnectTimeout };

constexpr char kHelp[] =
    R"(Usage: websocket_client [OPTION]... URL
Talks to a websocket server: ws://host/path, wss://host/path, or a UNIX socket as
ws+unix:///path/of.sock:/path. At a terminal each line that is typed is a message, and lines that begin with
a slash are commands (/help); otherwise each line of standard input is a message and each message received a
line of standard output.

  -b, --binary             standard input is sent in binary messages as it is read, received messages are
                           written as they are
  -c, --count N            end after N received messages
  -t, --timeout SECONDS    end with status 5 when it takes longer
  -q, --quiet-time SECONDS when standard input has ended, and without --count: close when nothing has come for so
                           long (default 1)
  -p, --protocol NAME      ask for a subprotocol; may be given again, in order of preference
  -H, --header 'NAME: VALUE'  a further field of the request; may be given again
  -u, --user NAME:PASSWORD Basic credentials; those of the URL win
      --proxy URL          connect through an HTTP proxy: http://[user:password@]host[:port]
      --cacert FILE        the authorities that wss: believes (PEM) instead of the system's
      --insecure           wss: takes any certificate
      --no-compression     do not offer permessage-deflate
      --connect-timeout SECONDS  for each address, and for the handshake (default 10)
  -v, --verbose            show handshake and frames on standard error
  -h, --help               print this and exit
  -V, --version            print the version and exit

Exit status: 0 closed in order, 1 wrong usage, 2 no connection, 3 rejected with an HTTP status, 4 closed
abnormally, 5 --timeout is over.
)";

constexpr option kNames[] = {
    {"binary", no_argument, nullptr, 'b'},
    {"count", required_argument, nullptr, 'c'},
    {"timeout", required_argument, nullptr, 't'},
    {"quiet-time", required_argument, nullptr, 'q'},
    {"protocol", required_argument, nullptr, 'p'},
    {"header", required_argument, nullptr, 'H'},
    {"user", required_argument, nullptr, 'u'},
    {"proxy", required_argument, nullptr, kProxy},
    {"cacert", required_argument, nullptr, kCaCert},
    {"insecure", no_argument, nullptr, kInsecure},
    {"no-compression", no_argument, nullptr, kNoCompression},
    {"connect-timeout", required_argument, nullptr, kConnectTimeout},
    {"verbose", no_argument, nullptr, 'v'},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'V'},
    {nullptr, 0, nullptr, 0},
};

bool refuse(const std::string& message) {
    if (!message.empty()) std::fprintf(stderr, "websocket_client: %s\n", message.c_str());
    std::fputs("Try 'websocket_client --help'.\n", stderr);
    return false;
}

bool parse_seconds(const char* text, unsigned& milliseconds) {
    char* end = nullptr;
    const double seconds = std::strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds > 0 && seconds <= 1e6)) return false;
    milliseconds = static_cast<unsigned>(seconds * 1000 + 0.5);
    return true;
}

bool parse_count(const char* text, uint64_t& count) {
    char* end = nullptr;
    if (*text < '0' || *text > '9') return false;
    count = std::strtoull(text, &end, 10);
    return *end == '\0' && count > 0;
}

// "Name: value", "Name:" for an empty one.
bool parse_header(const std::string& text, websocket_client::Options& options) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0) return false;
    const size_t value = text.find_first_not_of(" \t", colon + 1);
    options.headers.emplace_back(text.substr(0, colon), value == std::string::npos ? "" : text.substr(value));
    return true;
}

}  // namespace

bool CommandLine::parse(int argc, char** argv, int& status) {
    status = kUsage;
    for (;;) {
        const int found = getopt_long(argc, argv, "bc:t:q:p:H:u:vhV", kNames, nullptr);
        if (found == -1) break;
        const std::string value = optarg ? optarg : "";
        switch (found) {
            case 'b':
                binary = true;
                break;
            case 'c':
                if (!parse_count(optarg, count)) return refuse("-c: not a number of messages");
                break;
            case 't':
                if (!parse_seconds(optarg, timeout_ms)) return refuse("-t: not a number of seconds");
                break;
            case 'q':
                if (!parse_seconds(optarg, quiet_ms)) return refuse("-q: not a number of seconds");
                break;
            case 'p':
                protocols.push_back(value);
                break;
            case 'H':
                if (!parse_header(value, options)) return refuse("-H: not \"Name: value\"");
                break;
            case 'u':
                options.user = value.substr(0, value.find(':'));
                if (value.find(':') != std::string::npos)
                    options.password = value.substr(value.find(':') + 1);
                break;
            case kProxy:
                options.proxy = value;
                break;
            case kCaCert:
                options.ca_file = value;
                break;
            case kInsecure:
                options.insecure = true;
                break;
            case kNoCompression:
                options.compression = false;
                break;
            case kConnectTimeout:
                if (!parse_seconds(optarg, options.connect_timeout_ms))
                    return refuse("--connect-timeout: not a number of seconds");
                options.handshake_timeout_ms = options.connect_timeout_ms;
                break;
            case 'v':
                verbose = true;
                break;
            case 'h':
                std::fputs(kHelp, stdout);
                status = kSuccess;
                return false;
            case 'V':
                std::printf("websocket_client/%s\n", websocket_client::kVersion);
                status = kSuccess;
                return false;
            default:
                return refuse("");  // getopt has said why
        }
    }
    if (optind + 1 != argc) return refuse(optind == argc ? "no URL" : "more than one URL");
    url = argv[optind];
    interactive = !binary && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    return true;
}
