// The listening socket and the links accepted from it: one a gateway worker over SEQPACKET, one a client over
// STREAM (Framing::Records).
#pragma once

#include <memory>
#include <vector>

#include "libwebsocket/direct_clients.h"
#include "libwebsocket/link.h"
#include "net/listener.h"

namespace marmoset::libwebsocket {

class LinkServer final : public Backend {
  public:
    /// `socket` listens, stays the caller's and outlives the server, as `context` does.
    LinkServer(Context& context, int socket);
    ~LinkServer() override;

    void publish(std::string_view topic, std::string_view data, Type type, Client* except) override;
    void shut_down() override;
    bool idle() const override;
    void abandon() override;

    /// The link has ended and its clients have been told: freed at the end of the turn.
    void forget(Link& link);
    DirectClients& direct_clients() { return direct_clients_; }

  private:
    void on_accept(FileDescriptor socket);

    Context& context_;
    DirectClients direct_clients_;
    net::Listener* listener_;  // deletes itself after close()
    std::vector<std::unique_ptr<Link>> links_;
};

}  // namespace marmoset::libwebsocket
