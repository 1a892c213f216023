// websocket_client: one websocket connection by hand or in a pipe. In: the command line, standard input. Out:
// messages, an exit status that scripts can use.
#include <csignal>
#include <cstdio>
#include <exception>

#include "filter.h"
#include "interactive.h"

int main(int argc, char** argv) {
    CommandLine command_line;
    int status = kSuccess;
    if (!command_line.parse(argc, argv, status)) return status;
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return command_line.interactive ? run_interactive(command_line) : run_filter(command_line);
    } catch (const std::exception& error) {  // the URL, a header
        std::fprintf(stderr, "websocket_client: %s\n", error.what());
        return kUsage;
    }
}
