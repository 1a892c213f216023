// The generator's command line. In: argc, argv. Out: Options, or an exception that says what is wrong.
#pragma once

#include <getopt.h>
#include <sys/types.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace marmoset::bench {

inline constexpr const char* kHelp =
    R"(usage: load MODE --target HOST:PORT|unix:PATH [options]

modes
  echo      -c clients, each sending -w messages of -s bytes a round; every byte of every reply is checked
  idle      -c clients are opened and held; memory of --pids per client; then one checked echo each
  churn     -c at a time: connect, upgrade, one echo, close handshake, again
  static    -c clients: GET of --path, checked against --file; --close: a connection for each
  handshake -c at a time: connect, TLS handshake, close, again; --resume: of the session before
  stalled   -c clients echo, first alone, then beside --stalled clients that send and never read
  fanout    --senders clients of a room, each with -w messages of -s bytes on their way, are heard by all others and -c more;
            with --stalled then beside such as never read
  storm     -c clients echo, first alone, then while --storm others do full TLS handshakes, again and again

options
  --path PATH         of the URL (default /)
  -c, --clients N     (default 64)
  -s, --size BYTES    of a message (default 125)
  -w, --window N      messages sent in one write before their replies are awaited (default 1)
  -d, --seconds S     measured time (default 3); idle: how long clients are held
  --warmup S          before it (default 0.3)
  --messages N        stop after N replies, if sooner than the time
  --text              text messages instead of binary
  --raw               no websocket: the bare bytes, for the ceilings
  --stream            replies may be split and joined by the gateway: compare bytes, not boundaries
  --file FILE         static: what the body must be
  --close             static: Connection: close, a new connection for each request
  --tls               TLS on every connection; certificates are not checked
  --tls-version V     1.2 or 1.3 (default: the best both have)
  --ciphers LIST      suites, as OpenSSL names them: of TLS 1.2, and of TLS 1.3
  --resume            handshake: resumed ones
  --senders N         fanout: how many speak (default 1)
  --stalled N         stalled: how many never read (default 1), each sending; fanout: (default 0)
  --stalled-size B    messages of so many bytes (default 65536)
  --storm N           storm: handshakes under way at a time (default 64)
  --per-address N     clients from one 127.0.0.x source address (default 200)
  --pids A,B,...      processes whose CPU time and memory are reported: the gateway's
  --backend-pids ...  the system server's: CPU time is added, memory reported apart
  --json              one JSON object on standard output
)";

struct Options {
    std::string mode;
    std::string target;
    std::string path = "/";
    std::string file;
    size_t clients = 64;
    size_t size = 125;
    size_t window = 1;
    double seconds = 3;
    double warmup = 0.3;
    uint64_t messages = UINT64_MAX;
    size_t senders = 1;
    std::optional<size_t> stalled;  // as the mode likes best
    size_t stalled_size = 65'536;
    size_t storm = 64;
    size_t per_address = 200;
    std::string tls_version, ciphers;
    bool tls = false, resume = false;
    bool text = false, raw = false, stream = false, close = false, json = false;
    std::vector<pid_t> pids, backend_pids;
};

inline double parse_number(const char* text, const char* name) {
    char* end = nullptr;
    double value = std::strtod(text, &end);
    if (end == text || *end != '\0' || value < 0)
        throw std::runtime_error(std::string(name) + ": not a number: " + text);
    return value;
}

inline std::vector<pid_t> parse_pids(const std::string& text) {
    std::vector<pid_t> pids, backend_pids;
    for (size_t at = 0; at < text.size();) {
        size_t comma = std::min(text.find(',', at), text.size());
        pids.push_back(static_cast<pid_t>(parse_number(text.substr(at, comma - at).c_str(), "--pids")));
        at = comma + 1;
    }
    return pids;
}

inline Options parse_options(int argc, char** argv) {
    enum Long {
        Target = 256,
        Path,
        Warmup,
        Messages,
        Text,
        Raw,
        Stream,
        File,
        Close,
        Senders,
        Stalled,
        StalledSize,
        Storm,
        PerAddress,
        Pids,
        BackendPids,
        Tls,
        TlsVersion,
        Ciphers,
        Resume,
        Json,
        Help
    };
    static const option kLong[] = {{"target", required_argument, nullptr, Target},
                                   {"path", required_argument, nullptr, Path},
                                   {"clients", required_argument, nullptr, 'c'},
                                   {"size", required_argument, nullptr, 's'},
                                   {"window", required_argument, nullptr, 'w'},
                                   {"seconds", required_argument, nullptr, 'd'},
                                   {"warmup", required_argument, nullptr, Warmup},
                                   {"messages", required_argument, nullptr, Messages},
                                   {"text", no_argument, nullptr, Text},
                                   {"raw", no_argument, nullptr, Raw},
                                   {"stream", no_argument, nullptr, Stream},
                                   {"file", required_argument, nullptr, File},
                                   {"close", no_argument, nullptr, Close},
                                   {"senders", required_argument, nullptr, Senders},
                                   {"stalled", required_argument, nullptr, Stalled},
                                   {"stalled-size", required_argument, nullptr, StalledSize},
                                   {"storm", required_argument, nullptr, Storm},
                                   {"per-address", required_argument, nullptr, PerAddress},
                                   {"pids", required_argument, nullptr, Pids},
                                   {"backend-pids", required_argument, nullptr, BackendPids},
                                   {"tls", no_argument, nullptr, Tls},
                                   {"tls-version", required_argument, nullptr, TlsVersion},
                                   {"ciphers", required_argument, nullptr, Ciphers},
                                   {"resume", no_argument, nullptr, Resume},
                                   {"json", no_argument, nullptr, Json},
                                   {"help", no_argument, nullptr, Help},
                                   {nullptr, 0, nullptr, 0}};
    Options options;
    auto count = [](const char* name) { return static_cast<size_t>(parse_number(optarg, name)); };
    for (int flag; (flag = ::getopt_long(argc, argv, "c:s:w:d:h", kLong, nullptr)) != -1;) {
        switch (flag) {
            case Target:
                options.target = optarg;
                break;
            case Path:
                options.path = optarg;
                break;
            case 'c':
                options.clients = count("--clients");
                break;
            case 's':
                options.size = count("--size");
                break;
            case 'w':
                options.window = count("--window");
                break;
            case 'd':
                options.seconds = parse_number(optarg, "--seconds");
                break;
            case Warmup:
                options.warmup = parse_number(optarg, "--warmup");
                break;
            case Messages:
                options.messages = count("--messages");
                break;
            case Text:
                options.text = true;
                break;
            case Raw:
                options.raw = true;
                break;
            case Stream:
                options.stream = true;
                break;
            case File:
                options.file = optarg;
                break;
            case Close:
                options.close = true;
                break;
            case Senders:
                options.senders = count("--senders");
                break;
            case Stalled:
                options.stalled = count("--stalled");
                break;
            case StalledSize:
                options.stalled_size = count("--stalled-size");
                break;
            case Storm:
                options.storm = count("--storm");
                break;
            case PerAddress:
                options.per_address = count("--per-address");
                break;
            case Pids:
                options.pids = parse_pids(optarg);
                break;
            case BackendPids:
                options.backend_pids = parse_pids(optarg);
                break;
            case Tls:
                options.tls = true;
                break;
            case TlsVersion:
                options.tls_version = optarg;
                break;
            case Ciphers:
                options.ciphers = optarg;
                break;
            case Resume:
                options.resume = true;
                break;
            case Json:
                options.json = true;
                break;
            case 'h':
            case Help:
                std::fputs(kHelp, stdout);
                std::exit(0);
            default:
                throw std::runtime_error("see load --help");
        }
    }
    if (optind + 1 != argc) throw std::runtime_error("one mode is needed; see load --help");
    options.mode = argv[optind];
    if (options.target.empty()) throw std::runtime_error("--target is missing");
    if (options.clients == 0 || options.window == 0 || options.per_address == 0 ||
        options.stalled_size == 0 || options.storm == 0) {
        throw std::runtime_error("clients, window, per-address, stalled-size and storm are at least 1");
    }
    options.tls = options.tls || options.mode == "handshake" || options.mode == "storm";
    if (options.size == 0 && (options.raw || options.stream))
        throw std::runtime_error("--size 0 needs message boundaries");
    if (options.mode == "static" && options.file.empty()) throw std::runtime_error("static needs --file");
    return options;
}

}  // namespace marmoset::bench
