// The command line of marmoset_token. In: argv. Out: a command and its values.
#pragma once

#include <cstdint>
#include <string>

#include "auth/json_web_token.h"

/// How the program ended.
enum ExitStatus {
    kSuccess = 0,
    kFailure = 1,  ///< the command line is wrong, or a file can't be read
    kRefused = 2,  ///< a token or a code that is not to be accepted
};

struct CommandLine {
    std::string command;   ///< make, check, secret, totp, totp-url, totp-check
    std::string argument;  ///< what follows it: a token, a code
    std::string secret_file, key_file, key_set_file, key_id;
    std::string user_key;  ///< totp: base32
    std::string user;
    marmoset::auth::Claims claims;  ///< make
    std::string issuer, audience;
    uint64_t minutes = 30;  ///< make: until it expires
    unsigned leeway = 0;    ///< check: seconds
    int64_t now = 0;        ///< seconds since 1970

    /// False: the program ends with `status`: --help or --version was printed, or what was wrong.
    bool parse(int argc, char** argv, int& status);
};
