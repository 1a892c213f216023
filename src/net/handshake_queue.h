// Turns of those whose transports have a handshake to go on with. A full handshake computes for 0.2 to 3 ms:
// a burst of them, each as soon as its bytes come, would keep the running connections waiting for all of it.
// So they wait here, first come first served, and some go on at the end of each turn of the loop, when the
// answers of that turn have left.
#pragma once

#include <uv.h>

#include <deque>

namespace marmoset::net {

class Connection;

class HandshakeQueue {
  public:
    /// In one turn at most so many go on, and none after this time has passed. What a running connection
    /// waits for is so the time and one step: with OpenSSL about 0.7 ms, with mbedTLS 2 ms (its longest step
    /// is one RSA signature). At least one goes on in each turn, however busy the loop is; a turn without
    /// other work costs 2 µs, so the bound costs a storm of handshakes nothing.
    static constexpr unsigned kStepsPerTurn = 8;
    static constexpr uint64_t kNanosecondsPerTurn = 500'000;

    explicit HandshakeQueue(uv_loop_t* loop);
    /// Starts closing the libuv handle; the queue lives until the loop has run its close callbacks.
    void close();

    /// `connection` has a step to take; it is not in the queue.
    void push(Connection& connection);
    /// It is about to be closed.
    void remove(Connection& connection);
    /// At the end of a turn: true if any has gone on.
    bool run();

  private:
    std::deque<Connection*> waiting_;  // nullptr: removed
    uv_idle_t idle_;                   // runs while any wait, so that the loop does not sleep
};

}  // namespace marmoset::net
