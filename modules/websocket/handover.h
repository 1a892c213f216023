// Direct mode: takes a client's connection out of the gateway once its 101 has left. In: the upgraded
// connection and what the client has sent already. Out: a descriptor for the system server: the client's own,
// or, where bytes of the client are here already or TLS has to stay, one end of a socket pair whose other end
// is bridged to the client.
#pragma once

#include <vector>

#include "base/file_descriptor.h"
#include "net/connection.h"
#include "websocket/session.h"

namespace marmoset::websocket_module {

class Handover final : public net::Protocol {
  public:
    class Receiver {
      public:
        virtual ~Receiver() = default;
        /// The 101 has left. To be answered with give_descriptor() or give_bridge(), once.
        virtual void on_handover_ready(Handover& handover) = 0;
        /// The client is gone before that: last call.
        virtual void on_handover_lost(CloseReason reason) = 0;
    };

    /// `receiver` outlives the connection, or the answer. Of `settings`: how long the client may take for the
    /// 101, and how often the kernel is to see whether its host is still there, as nobody here pings it any
    /// more.
    Handover(net::Connection& connection, Receiver& receiver, const websocket::SessionSettings& settings);
    ~Handover() override;

    /// What the client sent behind its handshake.
    Bytes early() const { return early_; }
    /// Whether the client's own descriptor can go: no TLS in between.
    bool transferable() const { return !connection().transport().encrypted(); }
    /// The client's descriptor; the gateway's connection ends. early() is to be handed over too.
    FileDescriptor give_descriptor();
    /// One end of a socket pair, early() in it already. `inner` becomes the connection of the other end,
    /// which deletes itself and whose end `observer` is told; none (false) when there are no descriptors
    /// left: the client has been closed then.
    FileDescriptor give_bridge(net::ConnectionObserver& observer, net::Connection*& inner);

    void on_bytes(MutableBytes data) override;
    void on_end_of_stream() override;
    void on_output_progress() override;
    void on_deadline() override;
    void on_closed(CloseReason reason) override;
    void on_shutdown() override {}

  private:
    /// Not from within the call that upgrades: the receiver still holds on to the exchange.
    struct Ready final : net::TurnEnd {
        explicit Ready(Handover& owner) : handover(owner) {}
        void on_turn_end() override { handover.check_ready(); }
        Handover& handover;
    };
    void check_ready();
    void account(int64_t bytes) { connection().loop().add_queued_memory(bytes); }

    Receiver* receiver_;  // null once it has been told
    std::vector<uint8_t> early_;
    Ready ready_{*this};
};

}  // namespace marmoset::websocket_module
