// One client behind a link: its credit in both directions, the message being put together, what waits for
// credit. An idle client owns neither buffer nor queue.
#pragma once

#include <memory>

#include "libwebsocket/client_base.h"
#include "libwebsocket/link.h"

namespace marmoset::libwebsocket {

class LinkClient final : public ClientBase, public net::Retired {
  public:
    /// `link` outlives the client.
    LinkClient(Link& link, Context& context, uint32_t id, std::unique_ptr<ClientInfo> info);
    ~LinkClient() override;

    uint32_t id() const { return id_; }
    bool on_link(const Link& link) const { return &link_ == &link; }
    const Subscriptions& subscriptions() const { return subscriptions_; }

    using ClientBase::announce;

    // Records of the gateway. A text that is not nullptr says which rule was broken.
    const char* take_message(uint8_t flags, Bytes payload);
    void take_credit(uint32_t bytes);
    void take_close(uint16_t code, std::string_view reason);

    /// The server is stopping: 1001, behind what was sent before.
    void shut_down();
    /// The link has ended: no record can be sent any more.
    void link_lost();
    /// What had to wait until no callback is on the stack: held messages, on_close after fail().
    void run_deferred();
    /// Messages that were held back, as long as the program and the link take them; `all`: even though the
    /// link is congested.
    void deliver_held(bool all);
    bool has_output() const { return waiting_ != nullptr; }

    size_t buffered_amount() const override;
    uint64_t credit() const override { return credit_; }
    void join(std::string_view topic) override;
    void leave(std::string_view topic) override;
    void pause() override { paused_ = true; }
    void resume() override;

  private:
    // What waits for credit, and the CLOSE behind it.
    struct Waiting;

    void do_accept(std::string_view subprotocol) override;
    void do_reject(uint16_t http_status, std::string_view reason) override;
    void do_close(uint16_t code, std::string_view reason) override;
    bool do_send(Bytes data, Part part) override;
    void do_publish(Bytes data, Type type) override;
    void fail(uint16_t code, const char* reason) override;

    void take_part(Bytes payload, uint64_t cost, bool last);
    void receive(Bytes data, Part part, const Ref<MessageBuffer>* buffer, uint64_t cost);
    void taken(uint64_t cost);
    void grant();
    /// Sends what the credit allows; the bytes sent, `data.size()` and `all` when all of it.
    size_t send_records(Bytes data, Part part, bool& all);
    void wait_for_credit(Bytes rest, Part part);
    void send_waiting();
    void send_close(uint16_t code, std::string_view reason);
    void drop_all();
    /// What has come of a message that the program gets in parts.
    uint64_t in_parts() const { return receiving_ && delivered_ ? received_ : 0; }

    Link& link_;
    uint64_t credit_;   // bytes we may send
    uint64_t granted_;  // bytes the gateway may send
    uint64_t due_ = 0;  // bytes taken, to be granted again
    std::unique_ptr<Waiting> waiting_;
    std::unique_ptr<MessageQueue> held_;  // messages that came while paused, or the link was congested
    Ref<MessageBuffer> partial_;          // the message being put together
    uint64_t sent_ = 0;                   // of the message whose parts go out
    uint64_t received_ = 0;               // of the message whose parts come in
    Subscriptions subscriptions_;
    const uint32_t id_;
    uint32_t usual_size_ = 0;  // of the last message that came in parts
    uint16_t fail_code_ = 0;   // told by run_deferred()
    const char* fail_reason_ = "";
    Type receiving_type_ = Type::Text;
    bool receiving_ = false;  // a message has begun, its last record has not come
    bool delivered_ = false;  // ... and the program knows of it
    bool paused_ = false;
};

}  // namespace marmoset::libwebsocket
