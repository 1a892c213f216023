// A client of a SOCK_STREAM system server: one UNIX connection of its own, payload bytes and nothing else, as
// ouistiti's servers expect. What one read from the server gives is one message.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/connection.h"
#include "relay_client.h"

namespace marmoset::websocket_module {

class StreamPeer final : public RelayClient, private net::ConnectionObserver, private net::Timer {
  public:
    /// Makes a client for a waiting `exchange` and connects to `server`. A full backlog is tried again until
    /// handshake_timeout. The peer deletes itself at its end. On failure nothing was made: the error's code
    /// is the errno.
    static Result<void> open(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                             std::string server, std::string_view subprotocol, unsigned slot);

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

    StreamPeer(http::Exchange& exchange, const Settings& settings, module::Worker& worker, std::string server,
               std::string subprotocol);
    ~StreamPeer() override = default;

    bool start(FileDescriptor socket);
    void on_server_bytes(MutableBytes data);
    void on_server_text(Bytes data);
    void send_message(Bytes data, bool binary);
    void on_server_end(CloseReason reason);
    void on_connection_closed(net::Connection& connection, CloseReason reason) override;
    void on_timer() override;  // the next try to connect
    bool over() const override;

    std::string server_;
    std::string subprotocol_;
    net::Connection* connection_ = nullptr;  // to the server; deletes itself
    std::vector<uint8_t> unfinished_;        // the start of a UTF-8 sequence that the next read ends
    FileDescriptor pending_;                 // connected, before start_ has run
    Start start_{*this};
    uint64_t retry_until_ms_;
};

}  // namespace marmoset::websocket_module
