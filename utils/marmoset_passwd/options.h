// The command line of marmoset_passwd, which is ouipasswd's and more. In: argv. Out: what to do.
#pragma once

#include <optional>
#include <string>

#include "auth/password_hash.h"
#include "auth/user.h"

/// How the program ended.
enum ExitStatus {
    kSuccess = 0,
    kFailure = 1,   ///< the command line is wrong, or a file can't be read or written
    kMismatch = 2,  ///< --verify: not the password, or no such user
};

struct CommandLine {
    enum class Action { Set, Remove, List, Verify };
    Action action = Action::Set;
    std::string user;
    std::optional<std::string> password, group, home;
    std::optional<marmoset::auth::UserStatus> status;
    marmoset::auth::PasswordRecipe recipe;
    bool generate = false;
    bool create = false;
    std::string file, database, issuer;  ///< at most one of file and database; both empty: standard output

    /// False: the program ends with `status`: --help or --version was printed, or what was wrong.
    bool parse(int argc, char** argv, int& status);
};
