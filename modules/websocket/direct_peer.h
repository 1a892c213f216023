// A client handed over to a SOCK_STREAM system server, as ouistiti does: one message with its address and its
// descriptor on a UNIX connection of its own. That connection stays as a sign of life: its end tells that the
// client is done, and shutting it down asks the server to close the client.
#pragma once

#include <memory>
#include <string>

#include "connector.h"
#include "gateway_client.h"
#include "handover.h"
#include "net/connection.h"

namespace marmoset::websocket_module {

class DirectPeer;

/// Those of one module instance.
struct DirectPeers {
    DirectPeer* first = nullptr;
    /// Asks all servers to close their clients.
    void close_all();
};

class DirectPeer final : public GatewayClient,
                         private Handover::Receiver,
                         private net::ConnectionObserver,
                         private Connector::Owner {
  public:
    /// Makes a client for a waiting `exchange` and connects to `place`, a UNIX socket. The peer deletes
    /// itself at its end. On failure nothing was made: the error's code is the errno. `peers` outlives it.
    static Result<void> open(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                             DirectPeers& peers, const Place& place, std::string_view subprotocol,
                             unsigned slot);

    void on_request_aborted() override;
    /// Asks the server to close the client.
    void close();

  private:
    friend struct DirectPeers;
    class LifeProtocol;
    struct Start final : net::TurnEnd {
        explicit Start(DirectPeer& owner) : peer(owner) {}
        void on_turn_end() override;
        DirectPeer& peer;
    };

    void end_session() override { close(); }

    DirectPeer(http::Exchange& exchange, const Settings& settings, module::Worker& worker, DirectPeers& peers,
               const Place& place, std::string_view subprotocol);
    ~DirectPeer() override;

    void on_connected(FileDescriptor socket, const net::Address& peer) override;
    void on_connect_failed(const Error& error) override;
    void start(FileDescriptor socket);
    void on_handover_ready(Handover& handover) override;
    void on_handover_lost(CloseReason reason) override;
    void on_connection_closed(net::Connection& connection, CloseReason reason) override;
    void end(uint16_t code, CloseReason why);
    bool over() const override { return ended_ && !handing_over_ && !life_ && !bridge_; }

    DirectPeers& peers_;
    DirectPeer* next_ = nullptr;
    DirectPeer* previous_ = nullptr;
    const std::string server_;
    const std::string subprotocol_;
    net::Address address_;                  // the client's
    std::unique_ptr<Connector> connector_;  // null once connected
    net::Connection* life_ = nullptr;       // to the server; deletes itself
    net::Connection* bridge_ = nullptr;     // our end of a socket pair; deletes itself
    FileDescriptor pending_;                // connected, before start_ has run
    Start start_{*this};
    bool handing_over_ = false;  // the 101 is on its way, the connection not yet
    bool asked_to_close_ = false;
    bool ended_ = false;  // as far as the gateway knows
};

}  // namespace marmoset::websocket_module
