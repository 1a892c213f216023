// websocket_jsonrpc: offers the methods of a library to web clients. In: the command line. Out: a socket
// <dir>/<name> the gateway connects to; this program again as the processes that run the library.
#include <cstdio>
#include <cstring>

#include "options.h"
#include "worker.h"

int main(int argc, char** argv) {
    if (argc > 1 && std::strcmp(argv[1], jsonrpc::kWorkerFlag) == 0)
        return jsonrpc::worker_main({argv + 1, argv + argc});

    websocket_server::CommandLine command_line("websocket_jsonrpc",
                                               "offers the methods of a library as JSON-RPC 2.0");
    const jsonrpc::Options options(command_line);
    if (!command_line.parse(argc, argv)) return command_line.status();
    jsonrpc::ServerSettings settings;
    const std::string wrong = options.settings(command_line.options(), settings);
    if (!wrong.empty()) {
        std::fprintf(stderr, "websocket_jsonrpc: %s\n", wrong.c_str());
        return 1;
    }
    jsonrpc::RpcServer rpc(settings);
    websocket_server::Server server(command_line.options(), rpc);
    const int status = command_line.run(server, [&] { return rpc.start(server); });
    rpc.end();
    return status;
}
