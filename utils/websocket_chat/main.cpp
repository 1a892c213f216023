// websocket_chat: what one client of a room says, the others hear. In: the command line. Out: a socket
// <dir>/<name> the gateway connects to; the protocols of conf/chat-protocol.md.
#include "options.h"
#include "service.h"

int main(int argc, char** argv) {
    websocket_server::CommandLine command_line("websocket_chat",
                                               "brings each message to the others in the room");
    chat::ProgramOptions options;
    int status = 1;
    if (!chat::parse_options(command_line, argc, argv, options, status)) return status;
    chat::Service service(options, command_line.options());
    return service.end(command_line.run(service.server()));
}
