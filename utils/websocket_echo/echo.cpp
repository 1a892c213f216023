#include "echo.h"

#include <algorithm>

void Echo::on_open(websocket_server::Client& client) {
    const auto& offered = client.info().protocols;
    const auto own = std::find(offered.begin(), offered.end(), name_);
    client.accept(own != offered.end() ? *own : offered.empty() ? std::string_view() : offered.front());
}

void Echo::on_message(websocket_server::Client& client, const websocket_server::Message& message) {
    // Nothing is bounded here, and need not be: while a client does not take its echoes the library takes no
    // more messages from it. Of a large message each part is sent back as it comes.
    client.send_part(message.data, message.type, message.last);
    // ouistiti's test mode writes a Pong nobody asked for and a Close 1002 as raw bytes; system servers do
    // not write frames any more, so this is the orderly form of it.
    if (once_ && message.last) client.close(1000);
}
