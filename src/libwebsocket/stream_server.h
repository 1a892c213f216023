// The listening STREAM socket: one connection a client, payload bytes only, as ouistiti does. No metadata, no
// close codes, no message boundaries.
#pragma once

#include "libwebsocket/context.h"
#include "libwebsocket/topics.h"
#include "net/connection.h"
#include "net/listener.h"

namespace marmoset::libwebsocket {

class StreamClient;

class StreamServer final : public Backend, public net::ConnectionObserver {
  public:
    /// `socket` listens, stays the caller's and outlives the server, as `context` does.
    StreamServer(Context& context, int socket);
    ~StreamServer() override;

    void publish(std::string_view topic, std::string_view data, Type type, Client* except) override;
    void shut_down() override;
    bool idle() const override;
    void abandon() override;

    Topics& topics() { return topics_; }

  private:
    void on_accept(FileDescriptor socket, const net::Address& peer);
    void on_connection_closed(net::Connection& connection, CloseReason reason) override;
    /// Calls `visit` with each client; connections may close meanwhile.
    template <typename Visit>
    void for_each(Visit visit);

    Context& context_;
    net::Listener* listener_;           // deletes itself after close()
    net::Connection* first_ = nullptr;  // intrusive list; connections free themselves
    uint64_t accepted_ = 0;
    Topics topics_;
};

}  // namespace marmoset::libwebsocket
