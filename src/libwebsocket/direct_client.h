// A client whose own connection the gateway has handed over (direct mode): the WebSocket protocol runs in
// this process, and the link only tells of the client's beginning and end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "libwebsocket/client_base.h"
#include "libwebsocket/direct_clients.h"
#include "libwebsocket/direct_settings.h"
#include "libwebsocket/topics.h"
#include "net/connection.h"
#include "websocket/session.h"

namespace marmoset::libwebsocket {

class Link;

class DirectClient final : public ClientBase,
                           public websocket::Endpoint,
                           public net::ConnectionObserver,
                           public net::TurnEnd,
                           public net::Retired {
  public:
    /// `clients` outlives the client; `link`, until link_lost(). `deflate`: what the handshake has agreed on.
    DirectClient(DirectClients& clients, Link& link, Context& context, uint32_t id,
                 std::unique_ptr<ClientInfo> info, const Ref<DirectSettings>& settings,
                 std::optional<websocket::DeflateParameters> deflate);
    ~DirectClient() override;

    using ClientBase::announce;

    // Records of the gateway.
    /// Whether HANDOVER may come: the client has been accepted, and was not handed over yet.
    bool expects_handover() const { return waiting() && state() != State::Opening; }
    /// `early`: bytes the client sent behind its handshake. No descriptor: it was lost, the client gets 1013.
    void take_handover(Bytes early, FileDescriptor descriptor);
    /// The gateway wants the client to go, or it went before it was handed over.
    void take_close(uint16_t code);
    /// The link has ended: a client that was handed over stays.
    void link_lost();

    void shut_down();
    /// Ends it now, without a word to the client.
    void abandon();
    bool has_output() const { return connection_ && connection_->unsent() != 0; }
    bool joined(const Topic* topic) const { return subscriptions_.contains(topic); }
    /// A `message` that is published to many, and the `frame` it is sent in.
    void publish(const SharedFrame& frame, Bytes message, Type type);

    bool direct() const override { return true; }
    size_t buffered_amount() const override;
    uint64_t credit() const override;
    void join(std::string_view topic) override;
    void leave(std::string_view topic) override;
    void pause() override { paused_ = true; }
    void resume() override;

    /// Intrusive list of DirectClients.
    DirectClient* list_next = nullptr;
    DirectClient* list_previous = nullptr;

  private:
    /// What is to be sent as soon as there is a connection.
    struct Early {
        explicit Early(net::Loop& loop) : queue(loop) {}
        MessageQueue queue;
        uint16_t close_code = 0;  // behind the messages; 0: stays open
        std::string close_reason;
    };

    void on_message_data(websocket::Session& session, MutableBytes piece, bool binary, bool first,
                         bool last) override;
    size_t receive_credit(const websocket::Session& session) const override;
    void on_output_progress(websocket::Session& session) override;
    void on_session_end(websocket::Session& session, uint16_t code, std::string_view reason,
                        CloseReason why) override;
    void on_connection_closed(net::Connection& connection, CloseReason reason) override;
    void on_turn_end() override;  // it was too slow

    void do_accept(std::string_view subprotocol) override;
    void do_reject(uint16_t http_status, std::string_view reason) override;
    void do_close(uint16_t code, std::string_view reason) override;
    bool do_send(Bytes data, Part part) override;
    void do_publish(Bytes data, Type type) override;
    void fail(uint16_t code, const char* reason) override;

    bool waiting() const { return connection_ == nullptr; }
    void overflow();
    Early& early();
    void send_early();
    void send_held();
    /// Its final record, and that is all of it on the link.
    void leave_link(uint16_t code);
    /// Never handed over, and won't be any more.
    void give_up(uint16_t code, std::string_view reason);

    DirectClients& clients_;
    Link* link_;  // null: nothing more to be said there
    const uint32_t id_;
    const Ref<DirectSettings> settings_;
    const std::optional<websocket::DeflateParameters> deflate_;
    net::Connection* connection_ = nullptr;  // deletes itself; null before the handover
    websocket::Session* session_ = nullptr;  // null before the handover, and after its end
    std::unique_ptr<Early> early_;
    Ref<MessageBuffer> partial_;     // the message being put together
    std::vector<SharedFrame> held_;  // published while a message of the program's is under way
    Subscriptions subscriptions_;
    uint64_t held_size_ = 0;
    uint64_t in_parts_ = 0;   // what has come of a message that the program gets in parts
    uint16_t fail_code_ = 0;  // of fail(): what on_close tells
    const char* fail_reason_ = "";
    bool delivered_ = false;  // the program knows of the message that comes in, or came last
    bool paused_ = false;
    bool gateway_is_done_ = false;  // its final record has come
};

}  // namespace marmoset::libwebsocket
