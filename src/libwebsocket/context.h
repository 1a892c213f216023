// What the parts of one server share, and what the two protocols (link, stream) are to it. Private to the
// library.
#pragma once

#include <cstddef>
#include <string_view>

#include "libwebsocket/message_queue.h"
#include "libwebsocket/websocket_server.h"
#include "log/logger.h"
#include "net/loop.h"

namespace marmoset::libwebsocket {

using websocket_server::Client;
using websocket_server::ClientInfo;
using websocket_server::Handler;
using websocket_server::Message;
using websocket_server::Options;
using websocket_server::Type;

/// Owned by the server; outlives its clients.
struct Context {
    net::Loop& loop;
    const Options& options;
    Handler& handler;
    size_t clients = 0;     ///< that on_open has been or is being told of and that have not gone
    bool stopping = false;  ///< takes no further clients
    /// The buffer that the message being delivered lies in, if it lies in one: who queues that message shares
    /// it instead of copying.
    const Ref<MessageBuffer>* delivering = nullptr;

    /// How much of its own output a client may leave waiting until nothing is taken from it any more: the
    /// window, and as much as it has sent of the message that the program is getting in parts. There are
    /// clients that read no answer before they have sent all of it.
    uint64_t most_waiting(uint64_t in_message) const { return options.window + in_message; }

    bool full() const { return options.max_clients != 0 && clients >= options.max_clients; }
};

/// One of the two protocols, serving all its clients.
class Backend {
  public:
    virtual ~Backend() = default;
    virtual void publish(std::string_view topic, std::string_view data, Type type, Client* except) = 0;
    /// Takes no more clients and closes those there are with 1001; what was sent to them before still leaves.
    virtual void shut_down() = 0;
    /// After shut_down(): everything has left.
    virtual bool idle() const = 0;
    /// Closes all sockets now; the loop's next turn frees what is left.
    virtual void abandon() = 0;
};

}  // namespace marmoset::libwebsocket
