// Two connections whose bytes go from each to the other, unread. Backpressure passes: who does not take bytes
// stops who sends them.
#pragma once

#include <memory>

#include "net/connection.h"

namespace marmoset::net {

/// One end of a bridge: the protocol of one of the connections.
class BridgeEnd final : public Protocol {
  public:
    /// A client may end its direction and still be answered, for kAnswerMs; when a server ends there is
    /// nothing to wait for.
    enum class Side : uint8_t { Client, Server };
    static constexpr uint64_t kAnswerMs = 10'000;

    BridgeEnd(Connection& connection, Side side) : Protocol(connection), side_(side) {}
    /// Both ends know each other from here on; neither has begun to read. An end that goes first flushes the
    /// other and closes it.
    static void join(BridgeEnd& one, BridgeEnd& other);

    size_t read_limit() const override;
    void on_bytes(MutableBytes data) override;
    void on_end_of_stream() override;
    void on_output_progress() override;
    void on_deadline() override;
    void on_closed(CloseReason reason) override;
    /// The worker is stopping: who speaks on the bridge says goodbye.
    void on_shutdown() override {}
    bool reads_on_after_reset() const override { return true; }

  private:
    void close_both();

    BridgeEnd* other_ = nullptr;  // null once that one has gone
    const Side side_;
};

}  // namespace marmoset::net
