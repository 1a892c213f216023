#include "libwebsocket/stream_server.h"

#include <string>

#include "libwebsocket/stream_client.h"
#include "net/socket_transport.h"

namespace marmoset::libwebsocket {

StreamServer::StreamServer(Context& context, int socket)
    : context_(context),
      listener_(
          new net::Listener(context.loop, socket, [this](FileDescriptor accepted, const net::Address& peer) {
              on_accept(std::move(accepted), peer);
          })) {
    listener_->start();
}

StreamServer::~StreamServer() {
    abandon();
}

void StreamServer::on_accept(FileDescriptor socket, const net::Address& peer) {
    if (context_.full()) {
        static log::RateLimit limit;
        if (limit.permit(context_.loop.now())) {
            log::warning("accept: there are {} clients, another one was closed{}", context_.clients,
                         limit.suffix());
        }
        return;
    }
    auto* connection = new net::Connection(
        context_.loop, std::make_unique<net::SocketTransport>(std::move(socket)), peer, *this);
    connection->list_next = first_;
    if (first_) first_->list_previous = connection;
    first_ = connection;
    auto info = std::make_unique<ClientInfo>();
    info->id = "stream-" + std::to_string(++accepted_);
    info->stream = true;
    auto protocol = std::make_unique<StreamClient>(*this, context_, *connection, std::move(info));
    StreamClient& client = *protocol;
    if (connection->start(std::move(protocol))) client.begin();
}

void StreamServer::on_connection_closed(net::Connection& connection, CloseReason) {
    if (connection.list_previous) {
        connection.list_previous->list_next = connection.list_next;
    } else {
        first_ = connection.list_next;
    }
    if (connection.list_next) connection.list_next->list_previous = connection.list_previous;
    // A closed connection keeps its own pointers: who walks the list may stand on it.
}

template <typename Visit>
void StreamServer::for_each(Visit visit) {
    std::vector<net::Connection*> connections;  // freed only after this turn
    for (net::Connection* connection = first_; connection; connection = connection->list_next)
        connections.push_back(connection);
    for (net::Connection* connection : connections) {
        if (!connection->closing()) visit(*connection);
    }
}

void StreamServer::publish(std::string_view name, std::string_view data, Type type, Client* except) {
    const Topic* topic = topics_.find(name);
    if (!topic) return;
    for_each([&](net::Connection& connection) {
        auto& client = static_cast<StreamClient&>(connection.protocol());  // this server makes no other kind
        if (&client != except && client.joined(topic)) client.publish(data, type);
    });
}

void StreamServer::shut_down() {
    if (listener_) listener_->close();
    listener_ = nullptr;
    for_each(
        [](net::Connection& connection) { static_cast<StreamClient&>(connection.protocol()).shut_down(); });
}

bool StreamServer::idle() const {
    for (const net::Connection* connection = first_; connection; connection = connection->list_next) {
        if (connection->unsent() != 0) return false;
    }
    return true;
}

void StreamServer::abandon() {
    if (listener_) listener_->close();
    listener_ = nullptr;
    for_each([](net::Connection& connection) { connection.close(CloseReason::Shutdown); });
}

}  // namespace marmoset::libwebsocket
