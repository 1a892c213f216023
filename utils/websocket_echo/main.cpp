// websocket_echo: the smallest system server. In: the command line. Out: a socket <dir>/<name> the gateway
// connects to.
#include "echo.h"

namespace {

// Smaller messages are put together: their echoes have one frame.
constexpr size_t kPartSize = 16384;

}  // namespace

int main(int argc, char** argv) {
    websocket_server::CommandLine command_line("websocket_echo", "sends each message back with its type");
    bool once = false;
    command_line.add_flag('t', "test", "close each client with 1000 behind its first echo", once);
    if (!command_line.parse(argc, argv)) return command_line.status();

    Echo echo(command_line.options().name, once);
    websocket_server::Options options = command_line.options();
    options.part_size = kPartSize;
    websocket_server::Server server(options, echo);
    return command_line.run(server);
}
