// The client's end of a connection without a socket: what it sends comes in the pieces that a test decides,
// what it receives is kept. The loop, the connection and its protocol are the real ones.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/transport.h"

namespace marmoset::test {

/// One client. Outlives its transport.
class ScriptedPeer final : public net::ConnectionObserver {
  public:
    /// Makes the connection; start() follows. `loop` outlives the peer.
    explicit ScriptedPeer(net::Loop& loop);
    ~ScriptedPeer() override;
    ScriptedPeer(const ScriptedPeer&) = delete;
    ScriptedPeer& operator=(const ScriptedPeer&) = delete;

    /// Null once it has closed.
    net::Connection* connection() const { return connection_; }
    bool closed() const { return connection_ == nullptr; }
    CloseReason reason() const { return reason_; }

    /// What one read of the server will give, at most.
    void send(std::vector<uint8_t> piece);
    void send(std::vector<std::vector<uint8_t>> pieces);
    /// Behind all that was sent: end of stream.
    void end() { ended_ = true; }
    /// From now on each write takes so many bytes at most, and every second one nothing: a full socket.
    void take_at_most(size_t bytes) { room_ = bytes; }
    size_t unread() const { return input_.size(); }
    /// The loop's buffer has other readers, too: nothing is put up behind the bytes given.
    void share_buffer() { fenced_ = false; }

    /// All that was received.
    std::string received;

  private:
    class ScriptedTransport;
    void on_connection_closed(net::Connection& connection, CloseReason reason) override;

    net::Connection* connection_;
    std::deque<std::vector<uint8_t>> input_;
    size_t consumed_ = 0;  // of the first piece
    size_t room_ = SIZE_MAX;
    bool refuse_next_ = false;
    bool ended_ = false;
    bool fenced_ = true;
    CloseReason reason_ = CloseReason::PeerClosed;
};

/// The program's only loop: it ends with the process.
net::Loop& the_loop();

/// One turn of the loop, without waiting.
void turn(net::Loop& loop);

}  // namespace marmoset::test
