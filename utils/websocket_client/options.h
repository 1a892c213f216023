// The command line of websocket_client. In: argv. Out: the URL and how to talk to it.
#pragma once

#include <marmoset/websocket_client.h>

#include <cstdint>
#include <string>
#include <vector>

/// How the program ended, for shells and scripts.
enum ExitStatus {
    kSuccess = 0,
    kUsage = 1,         ///< the command line, or a file named there
    kNoConnection = 2,  ///< nobody there, or the handshake was no handshake
    kRejected = 3,      ///< the server, or a proxy, answered with an HTTP status, which is printed
    kAbnormal = 4,      ///< the connection was lost, or closed with an error
    kTimeout = 5,       ///< --timeout was over
};

struct CommandLine {
    std::string url;
    std::vector<std::string> protocols;
    websocket_client::Options options;
    bool binary = false;       ///< standard input is sent as binary messages, not as lines
    uint64_t count = 0;        ///< messages to receive until the end; 0: no end
    unsigned timeout_ms = 0;   ///< for the whole; 0: none
    unsigned quiet_ms = 1000;  ///< of silence behind the end of standard input
    bool verbose = false;
    bool interactive = false;  ///< both ends are a terminal

    /// False: the program ends with `status`: --help or --version was printed, or what was wrong.
    bool parse(int argc, char** argv, int& status);
};
