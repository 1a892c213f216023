#include "net/handshake_queue.h"

#include <algorithm>

#include "net/connection.h"

namespace marmoset::net {

HandshakeQueue::HandshakeQueue(uv_loop_t* loop) {
    uv_idle_init(loop, &idle_);
}

void HandshakeQueue::close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&idle_), nullptr);
}

void HandshakeQueue::push(Connection& connection) {
    if (waiting_.empty()) uv_idle_start(&idle_, [](uv_idle_t*) {});
    waiting_.push_back(&connection);
}

void HandshakeQueue::remove(Connection& connection) {
    std::replace(waiting_.begin(), waiting_.end(), &connection, static_cast<Connection*>(nullptr));
}

bool HandshakeQueue::run() {
    if (waiting_.empty()) return false;
    const uint64_t end = uv_hrtime() + kNanosecondsPerTurn;
    for (unsigned steps = 0; steps < kStepsPerTurn && !waiting_.empty();) {
        Connection* const connection = waiting_.front();
        waiting_.pop_front();
        if (!connection) continue;
        connection->advance_handshake();
        ++steps;
        if (uv_hrtime() >= end) break;
    }
    if (waiting_.empty()) uv_idle_stop(&idle_);
    return true;
}

}  // namespace marmoset::net
