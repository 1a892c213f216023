#include "options.h"

#include <getopt.h>

#include <cstdio>

#include "auth/password_recipe.h"

namespace {

enum LongOnly { kIssuer = 256, kStatus, kCreate, kGenerate, kDelete, kList, kVerify };

constexpr char kHelp[] =
    R"(Usage: marmoset_passwd [OPTION]... -u USER
Makes the stored form of a password and prints it as a line of a password file, or keeps it in a password file or
a database of users. The password is asked for, twice, at a terminal; else it is the first line of standard input.

  -u, --user NAME          the user
  -g, --group NAME         group
  -H, --home DIR           home
  -T, --type TYPE          what the password is for: Basic (and sign-in pages; the default) or Digest
  -A, --algorithm NAME     Basic: yescrypt (the default), bcrypt, sha512-crypt, sha256-crypt, and without salt, as
                           ouistiti has them, MD5, SHA-256, SHA-512; Digest: MD5, SHA-256 (the default), SHA-512,
                           SHA-512-256
  -R, --realm REALM        the realm of Digest; without -T means Digest
  -p, --password TEXT      the password; everybody on this machine can read it there
      --generate           make a random password and print it on standard error
  -f, --file FILE          add or change the user in this password file
  -d, --database FILE      add or change the user in this SQLite file
      --issuer NAME        whose password it is in the database
      --status NAME        in the database: approving, activated (the default), repudiated, reapproving
      --create             make the file when it is missing
      --delete             take the user out
      --list               print names, groups, homes and statuses, without passwords
      --verify             end with status 0 if this is the user's password, with 2 if not
  -h, --help               print this and exit
  -V, --version            print the version and exit

Exit status: 0 done, 1 wrong usage or a failure, 2 not the password.
)";

constexpr option kNames[] = {
    {"user", required_argument, nullptr, 'u'},
    {"group", required_argument, nullptr, 'g'},
    {"home", required_argument, nullptr, 'H'},
    {"type", required_argument, nullptr, 'T'},
    {"algorithm", required_argument, nullptr, 'A'},
    {"realm", required_argument, nullptr, 'R'},
    {"password", required_argument, nullptr, 'p'},
    {"generate", no_argument, nullptr, kGenerate},
    {"file", required_argument, nullptr, 'f'},
    {"database", required_argument, nullptr, 'd'},
    {"issuer", required_argument, nullptr, kIssuer},
    {"status", required_argument, nullptr, kStatus},
    {"create", no_argument, nullptr, kCreate},
    {"delete", no_argument, nullptr, kDelete},
    {"list", no_argument, nullptr, kList},
    {"verify", no_argument, nullptr, kVerify},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'V'},
    {nullptr, 0, nullptr, 0},
};

bool refuse(const std::string& message) {
    if (!message.empty()) std::fprintf(stderr, "marmoset_passwd: %s\n", message.c_str());
    std::fputs("Try 'marmoset_passwd --help'.\n", stderr);
    return false;
}

bool choose_recipe(CommandLine& line, const std::string& type, const std::string& algorithm) {
    auto recipe = marmoset::auth::parse_password_recipe(type, algorithm, line.recipe.realm);
    if (!recipe) return refuse(recipe.error().text);
    line.recipe = recipe.take();
    return true;
}

bool fits_together(const CommandLine& line) {
    using Action = CommandLine::Action;
    if (!line.file.empty() && !line.database.empty()) return refuse("-f or -d, not both");
    const bool kept = !line.file.empty() || !line.database.empty();
    if (!kept && line.action != Action::Set) return refuse("--delete, --list and --verify need -f or -d");
    if (line.database.empty() && (line.status || !line.issuer.empty()))
        return refuse("--status and --issuer need -d");
    if (line.generate && line.password) return refuse("-p or --generate, not both");
    if (line.action == Action::List) return line.user.empty() || refuse("--list needs no user");
    if (line.user.empty()) return refuse("no user: -u");
    if (!marmoset::auth::is_valid_user_name(line.user) ||
        !marmoset::auth::is_valid_user_field(line.group.value_or("")) ||
        !marmoset::auth::is_valid_user_field(line.home.value_or("")))
        return refuse("user, group and home are UTF-8 without «:» and control characters");
    return true;
}

}  // namespace

bool CommandLine::parse(int argc, char** argv, int& exit_status) {
    std::string type, algorithm;
    exit_status = kFailure;
    for (;;) {
        const int found = getopt_long(argc, argv, "u:g:H:T:A:R:p:f:d:hV", kNames, nullptr);
        if (found == -1) break;
        switch (found) {
            case 'u':
                user = optarg;
                break;
            case 'g':
                group = optarg;
                break;
            case 'H':
                home = optarg;
                break;
            case 'T':
                type = optarg;
                break;
            case 'A':
                algorithm = optarg;
                break;
            case 'R':
                recipe.realm = optarg;
                break;
            case 'p':
                password = optarg;
                break;
            case 'f':
                file = optarg;
                break;
            case 'd':
                database = optarg;
                break;
            case kIssuer:
                issuer = optarg;
                break;
            case kStatus:
                status = marmoset::auth::parse_status(optarg);
                if (!status) return refuse("--status: approving, activated, repudiated or reapproving");
                break;
            case kGenerate:
                generate = true;
                break;
            case kCreate:
                create = true;
                break;
            case kDelete:
                action = Action::Remove;
                break;
            case kList:
                action = Action::List;
                break;
            case kVerify:
                action = Action::Verify;
                break;
            case 'h':
                std::fputs(kHelp, stdout);
                exit_status = kSuccess;
                return false;
            case 'V':
                std::printf("marmoset_passwd/%s\n", MARMOSET_VERSION);
                exit_status = kSuccess;
                return false;
            default:
                return refuse("");  // getopt has said why
        }
    }
    if (optind != argc) return refuse("what is «" + std::string(argv[optind]) + "» for?");
    return choose_recipe(*this, type, algorithm) && fits_together(*this);
}
