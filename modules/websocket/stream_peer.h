// A client of a SOCK_STREAM system server: one connection of its own, UNIX or TCP. Payload bytes and nothing
// else, as ouistiti's servers expect (framing "bytes": what one read gives is one message), or a line a
// message (framing "lines").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connector.h"
#include "message_cutter.h"
#include "net/connection.h"
#include "relay_client.h"

namespace marmoset::websocket_module {

class StreamPeer final : public RelayClient, private net::ConnectionObserver, private Connector::Owner {
  public:
    /// Makes a client for a waiting `exchange` and connects to `place`; what takes time goes on until
    /// handshake_timeout. The peer deletes itself at its end. On failure nothing was made: the error's code
    /// is the errno. `dialect`: bytes or lines.
    static Result<void> open(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                             const Place& place, Dialect dialect, std::string_view subprotocol,
                             unsigned slot);

    // websocket::Endpoint
    void on_message_data(websocket::Session& session, MutableBytes piece, bool binary, bool first,
                         bool last) override;
    size_t receive_credit(const websocket::Session& session) const override;
    void on_output_progress(websocket::Session& session) override;
    void on_session_end(websocket::Session& session, uint16_t code, std::string_view reason,
                        CloseReason why) override;

    void on_request_aborted() override;

  private:
    class ServerProtocol;
    /// Answers 101 at the end of the turn in which the connection was made.
    struct Start final : net::TurnEnd {
        explicit Start(StreamPeer& owner) : peer(owner) {}
        void on_turn_end() override;
        StreamPeer& peer;
    };

    StreamPeer(http::Exchange& exchange, const Settings& settings, module::Worker& worker, const Place& place,
               Dialect dialect, std::string_view subprotocol);
    ~StreamPeer() override = default;

    // Connector::Owner
    void on_connected(FileDescriptor socket, const net::Address& peer) override;
    void on_connect_failed(const Error& error) override;

    void start(FileDescriptor socket, const net::Address& peer);
    void on_server_bytes(MutableBytes data);
    void on_server_end();
    void send_message(const MessageCutter::Message& message);
    void fail_server(const char* what);
    void on_connection_closed(net::Connection& connection, CloseReason reason) override;
    bool over() const override;

    const std::string server_;  // its name, for logs
    std::string subprotocol_;
    const Dialect dialect_;
    MessageCutter cutter_;
    std::unique_ptr<Connector> connector_;   // null once connected
    net::Connection* connection_ = nullptr;  // to the server; deletes itself
    FileDescriptor pending_;                 // connected, before start_ has run
    Start start_{*this};
};

}  // namespace marmoset::websocket_module
