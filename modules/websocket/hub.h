// One link of this worker to one system server, and the clients on it: all of a SEQPACKET server, or the one
// of a STREAM connection that carries records. Records in, frames out, and the reverse; credit, order and
// ends as conf/link-protocol.md says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connector.h"
#include "link/channel.h"
#include "link/metadata.h"
#include "link_client.h"
#include "module/abi.h"
#include "publications.h"
#include "settings.h"
#include "topics.h"

namespace marmoset::websocket_module {

class Hub final : public net::Retired,
                  private link::Channel::Handler,
                  private Connector::Owner,
                  private net::Timer,
                  private net::TurnEnd {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        /// The link has ended: the hub is to be forgotten and retired.
        virtual void on_hub_ended(Hub& hub) = 0;
    };

    enum class Scope : uint8_t {
        AllClients,  ///< over SEQPACKET; stays when its clients go
        OneClient,   ///< records over STREAM; ends with its client
    };

    /// References outlive the hub.
    Hub(module::Worker& worker, const Settings& settings, Owner& owner, const Place& place, Scope scope);
    ~Hub() override;

    /// Connects and says HELLO. The error's code is the errno; EPROTOTYPE: the UNIX socket is of the other
    /// type. What takes time (a full backlog, TCP) is no error: it goes on until handshake_timeout.
    Result<void> connect();

    /// A new client: sends OPEN; it deletes itself at its end. False: the request is too large for a record.
    /// `subprotocol`: of an ACCEPT that names none.
    bool open(http::Exchange& exchange, std::string_view path_info, std::string_view subprotocol,
              unsigned slot, bool direct);

    /// Passes on what the server has sent already: called before the clients are told to go.
    void read_pending() {
        if (channel_) channel_->read_pending();
        publications_.flush();
    }
    /// Asks the server to close the clients that were handed over to it.
    void close_direct();
    /// Sends what is left and ends the link; no client is left.
    void finish();

    const std::string& server() const { return server_; }

  private:
    friend class LinkClient;

    // link::Channel::Handler
    void on_record(const link::Record& record) override;
    void on_packet_end() override;
    void on_drained() override;
    void on_end(const std::string& reason) override;
    // Connector::Owner
    void on_connected(FileDescriptor socket, const net::Address& peer) override;
    void on_connect_failed(const Error& error) override;

    void on_timer() override;     // the server's final record for the only client has not come
    void on_turn_end() override;  // the only client has gone

    void start_link(FileDescriptor socket);
    void break_link(const std::string& reason);
    void on_hello(Bytes payload);
    void grant_credit();
    void end_with_client(bool server_is_done);

    // For LinkClient.
    void send(link::RecordHeader header, Bytes payload);
    void send_handover(uint32_t id, Bytes early, FileDescriptor descriptor);
    bool congested() const { return channel_ && channel_->congested(); }
    /// `server_is_done`: its final record has come, the id is free at once.
    void retire_id(LinkClient& client, bool server_is_done);

    module::Worker& worker_;
    const Settings& settings_;
    Owner& owner_;
    const std::string server_;  // the place's name, for logs
    const Scope scope_;
    std::unique_ptr<Connector> connector_;    // null once connected
    std::unique_ptr<link::Channel> channel_;  // null until connected and after the end
    std::vector<std::pair<uint32_t, std::string>>
        early_opens_;                   // OPENs of clients that wait for the connection
    std::vector<LinkClient*> clients_;  // by id; null: free or closing
    std::vector<bool> closing_ids_;     // by id: we sent our final record, the server's is still to come
    std::vector<uint32_t> free_ids_;
    std::vector<uint32_t> credit_due_;  // clients that have taken half a window since the last CREDIT
    std::vector<uint32_t> credited_;    // those being granted it; empty but for its memory, which stays
    std::vector<uint32_t> paused_;      // clients whose own data met a full link
    Topics topics_;
    Publications publications_;
    uint64_t server_window_ = link::kDefaultWindow;
    uint64_t server_max_message_ = UINT64_MAX;
};

}  // namespace marmoset::websocket_module
