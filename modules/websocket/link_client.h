// One client on a link: its credit both ways, its message state, its topics. Deletes itself when both its
// session and its request are over.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "handover.h"
#include "link/record.h"
#include "relay_client.h"

namespace marmoset::websocket_module {

class Hub;

class LinkClient final : public RelayClient,
                         private net::Timer,
                         private Handover::Receiver,
                         private net::ConnectionObserver {
  public:
    /// `direct`: once accepted, its own connection goes to the server (link_client_direct.cpp).
    LinkClient(http::Exchange& exchange, const Settings& settings, module::Worker& worker, Hub& hub,
               bool direct);

    uint32_t id() const { return id_; }
    bool direct() const { return direct_; }

    // Records of the server; `hub` has checked that the client is open on the link.
    // They return nullptr, or what rule was broken.
    const char* on_accept(std::string_view subprotocol);
    const char* on_reject(unsigned status, std::string_view reason);
    const char* on_message(const link::RecordHeader& header, Bytes payload);
    const char* on_close(uint16_t code, std::string_view reason);
    const char* on_credit(uint32_t bytes);

    /// The server did something to this client that can't be passed on: closes it with 1011, logged.
    void on_fault(const char* what);
    /// The link has ended. `status` answers a waiting request.
    void on_link_end();
    /// Handed over: asks the server to close it with `code`.
    void close_direct(uint16_t code, CloseReason why);
    /// Published messages, `count` of them, as frames that lie one behind the other; `owner` keeps them.
    void deliver(Bytes frames, const Ref<RefCounted>& owner, size_t count);
    /// What was compressed for everybody is good for it, too.
    bool takes_shared_deflate(unsigned window_bits) const {
        return session() && session()->takes_shared_deflate(window_bits);
    }
    /// CREDIT for what has been handed on, if it is worth a record.
    void grant_credit();
    /// The link takes packets again.
    void on_link_drained();

    // websocket::Endpoint
    void on_message_data(websocket::Session& session, MutableBytes piece, bool binary, bool first,
                         bool last) override;
    size_t receive_credit(const websocket::Session&) const override;
    void on_output_progress(websocket::Session& session) override;
    void on_session_end(websocket::Session& session, uint16_t code, std::string_view reason,
                        CloseReason why) override;

    void on_request_aborted() override;

    /// Indices of the topics it has joined; for Topics.
    std::unique_ptr<std::vector<uint32_t>> topics;

  private:
    friend class Hub;
    ~LinkClient() override = default;

    void on_timer() override;  // the server has not answered OPEN in time
    void leave_link(bool server_is_done);
    bool over() const override {
        return RelayClient::over() && (!direct_ || !hub_) && !handing_over_ && !bridge_;
    }

    void end_session() override;

    // Direct mode.
    void start_handover(std::string_view subprotocol);
    void on_handover_ready(Handover& handover) override;
    void on_handover_lost(CloseReason reason) override;
    void on_connection_closed(net::Connection& connection, CloseReason reason) override;

    /// What has been handed on is granted back from here on.
    uint64_t least_grant() const { return settings_.window() / 2; }

    Hub* hub_;                                          // null: no longer on the link
    uint32_t id_ = 0;                                   // on the link; 0: none
    std::unique_ptr<std::string> default_subprotocol_;  // of an ACCEPT that names none
    const bool direct_;
    bool handing_over_ = false;  // the 101 is on its way, the connection not yet
    bool accepted_ = false;
    bool receiving_ = false;  // a message of the server has begun and not ended
    bool binary_ = false;     // the type of that message
    bool due_ = false;        // listed for credit
    bool paused_on_link_ = false;
    net::Connection* bridge_ = nullptr;  // our end of a socket pair; deletes itself
    uint64_t send_credit_ = 0;           // what we may send for this client
    uint64_t granted_;                   // what the server may still send for it
    uint64_t owed_ = 0;                  // received and not yet granted again
    uint64_t message_size_ = 0;          // of the client's message in progress
    uint64_t held_bytes_ = 0;
    struct Held {
        Bytes frames;
        Ref<RefCounted> owner;
        size_t count;
    };
    std::vector<Held> held_;  // published while a message was in progress
};

}  // namespace marmoset::websocket_module
