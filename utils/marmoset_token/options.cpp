#include "options.h"

#include <getopt.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iterator>

#include "base/text.h"

namespace {

enum LongOnly { kSecretFile = 256, kKey, kKeySet, kKeyId, kUserKey, kStatus, kLeeway, kNow, kId };

constexpr char kHelp[] =
    R"(Usage: marmoset_token COMMAND [OPTION]...
Makes and checks the tokens (JSON Web Tokens, HS256, RS256, ES256) and one-time codes that Marmoset signs users in with.

  make                     print a token
  check [TOKEN]            print the claims of a token, which else is the first line of standard input, if it is valid
  secret                   print a new random secret: for the key `secret` of the configuration, and base32 of it
  totp                     print the code of now
  totp-url                 print the otpauth: URL for authenticators; secret
  totp-check [CODE]        is this the code of now, or of the period before or behind?

Keys, one of them:
      --secret-file FILE   holds the shared secret (HS256, TOTP); - is standard input
      --key FILE           holds an RSA or P-256 key in PEM: private to make, also public or a certificate to check
      --keys FILE          check: holds a JWK set
      --key-id NAME        the key's name (kid)
      --user-key BASE32    TOTP: the user's own key; without it the key follows from the secret and the user

Claims and rules:
  -u, --user NAME          make, totp…: the user
  -g, --group NAME         make: the group (roles); may be given again
  -H, --home DIR           make: home
      --status NAME        make: status, say activated
  -i, --issuer NAME        make: iss; check: must be there, a+b are two of them; totp-url: the site's name
  -a, --audience NAME      make: aud; check: must be there
  -e, --expire MINUTES     make: valid for so long (default 30)
      --id NAME            make: jti
      --leeway SECONDS     check: clocks may differ by so much (default 0)
      --now SECONDS        since 1970, instead of the clock's time
  -h, --help               print this and exit
  -V, --version            print the version and exit

Exit status: 0 done, or valid; 1 wrong usage or a failure; 2 not valid.
)";

constexpr option kNames[] = {
    {"secret-file", required_argument, nullptr, kSecretFile},
    {"key", required_argument, nullptr, kKey},
    {"keys", required_argument, nullptr, kKeySet},
    {"key-id", required_argument, nullptr, kKeyId},
    {"user-key", required_argument, nullptr, kUserKey},
    {"user", required_argument, nullptr, 'u'},
    {"group", required_argument, nullptr, 'g'},
    {"home", required_argument, nullptr, 'H'},
    {"status", required_argument, nullptr, kStatus},
    {"issuer", required_argument, nullptr, 'i'},
    {"audience", required_argument, nullptr, 'a'},
    {"expire", required_argument, nullptr, 'e'},
    {"id", required_argument, nullptr, kId},
    {"leeway", required_argument, nullptr, kLeeway},
    {"now", required_argument, nullptr, kNow},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'V'},
    {nullptr, 0, nullptr, 0},
};

constexpr std::string_view kCommands[] = {"make", "check", "secret", "totp", "totp-url", "totp-check"};

bool refuse(const std::string& message) {
    if (!message.empty()) std::fprintf(stderr, "marmoset_token: %s\n", message.c_str());
    std::fputs("Try 'marmoset_token --help'.\n", stderr);
    return false;
}

template <typename T>
bool parse_number(const char* text, uint64_t largest, T& out) {
    const auto number = marmoset::parse_decimal(text);
    if (!number || *number > largest) return false;
    out = static_cast<T>(*number);
    return true;
}

bool fits_together(const CommandLine& line) {
    if (std::find(std::begin(kCommands), std::end(kCommands), line.command) == std::end(kCommands))
        return refuse(line.command.empty() ? "no command" : "there is no command " + line.command);
    const bool takes_argument = line.command == "check" || line.command == "totp-check";
    if (!line.argument.empty() && !takes_argument) return refuse("what is «" + line.argument + "» for?");
    if (line.command == "secret") return true;
    const int keys = !line.secret_file.empty() + !line.key_file.empty() + !line.key_set_file.empty();
    if (line.command.starts_with("totp")) {
        if (!line.key_file.empty() || !line.key_set_file.empty())
            return refuse("codes need a secret, no other key");
        if (line.secret_file.empty() == line.user_key.empty()) return refuse("--secret-file or --user-key");
        return !line.user.empty() || !line.user_key.empty() || refuse("no user: -u");
    }
    if (keys != 1) return refuse("one of --secret-file, --key and --keys");
    if (line.command == "make" && !line.key_set_file.empty()) return refuse("--keys is for check");
    return true;
}

}  // namespace

bool CommandLine::parse(int argc, char** argv, int& status) {
    status = kFailure;
    now = std::time(nullptr);
    constexpr uint64_t kLargestTime = 253402300799;  // the year 9999
    for (;;) {
        const int found = getopt_long(argc, argv, "u:g:H:i:a:e:hV", kNames, nullptr);
        if (found == -1) break;
        switch (found) {
            case kSecretFile:
                secret_file = optarg;
                break;
            case kKey:
                key_file = optarg;
                break;
            case kKeySet:
                key_set_file = optarg;
                break;
            case kKeyId:
                key_id = optarg;
                break;
            case kUserKey:
                user_key = optarg;
                break;
            case 'u':
                user = optarg;
                break;
            case 'g':
                claims.roles.emplace_back(optarg);
                break;
            case 'H':
                claims.home = optarg;
                break;
            case kStatus:
                claims.status = optarg;
                break;
            case 'i':
                issuer = optarg;
                break;
            case 'a':
                audience = optarg;
                break;
            case kId:
                claims.id = optarg;
                break;
            case 'e':
                if (!parse_number(optarg, 100 * 366 * 1440, minutes))
                    return refuse("-e: not a number of minutes");
                break;
            case kLeeway:
                if (!parse_number(optarg, 86400, leeway)) return refuse("--leeway: not a number of seconds");
                break;
            case kNow:
                if (!parse_number(optarg, kLargestTime, now)) return refuse("--now: not a number of seconds");
                break;
            case 'h':
                std::fputs(kHelp, stdout);
                status = kSuccess;
                return false;
            case 'V':
                std::printf("marmoset_token/%s\n", MARMOSET_VERSION);
                status = kSuccess;
                return false;
            default:
                return refuse("");  // getopt has said why
        }
    }
    if (optind < argc) command = argv[optind++];
    if (optind < argc) argument = argv[optind++];
    if (optind < argc) return refuse("what is «" + std::string(argv[optind]) + "» for?");
    return fits_together(*this);
}
