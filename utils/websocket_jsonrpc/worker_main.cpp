// The program as a worker process. In: what the server says on its command line. Out: a Worker that runs.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "worker.h"

namespace jsonrpc {

std::vector<std::string> worker_arguments(const WorkerSettings& settings) {
    return {kWorkerFlag,
            std::to_string(settings.threads),
            std::to_string(settings.timeout_ms),
            std::to_string(settings.max_answer),
            std::to_string(settings.max_waiting),
            settings.library,
            settings.configured ? "-C" + settings.config : ""};
}

int worker_main(const std::vector<std::string>& arguments) {
    if (arguments.size() != worker_arguments({}).size()) return 1;
    WorkerSettings settings;
    settings.threads = static_cast<unsigned>(std::stoul(arguments[1]));
    settings.timeout_ms = static_cast<unsigned>(std::stoul(arguments[2]));
    settings.max_answer = std::stoul(arguments[3]);
    settings.max_waiting = std::stoul(arguments[4]);
    settings.library = arguments[5];
    settings.configured = !arguments[6].empty();
    if (settings.configured) settings.config = arguments[6].substr(2);
    // What the library starts neither keeps the channel open nor ignores signals: handled ones, unlike
    // ignored ones, have their default again in another program. The server ends its processes itself; a
    // terminal's Ctrl-C is meant for it.
    fcntl(kChannel, F_SETFD, FD_CLOEXEC);
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) {
        struct sigaction nothing {};
        nothing.sa_handler = [](int) {};
        nothing.sa_flags = SA_RESTART;
        sigaction(signal, &nothing, nullptr);
    }
    Worker worker(marmoset::FileDescriptor(kChannel), settings);
    // Without what runs at a program's end: threads of the library's may still be there.
    _exit(worker.run());
}

}  // namespace jsonrpc
