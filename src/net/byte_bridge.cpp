#include "net/byte_bridge.h"

#include <algorithm>

namespace marmoset::net {

namespace {

constexpr size_t kReadLimit = 65536;
// What may wait for a connection until the other one is not read any more.
constexpr uint64_t kMaxWaiting = 262144;

}  // namespace

void BridgeEnd::join(BridgeEnd& one, BridgeEnd& other) {
    one.other_ = &other;
    other.other_ = &one;
}

size_t BridgeEnd::read_limit() const {
    return kReadLimit;
}

void BridgeEnd::on_bytes(MutableBytes data) {
    if (!other_) return;
    Connection& to = other_->connection();
    to.write_borrowed(data);
    to.flush();
    if (other_ && to.unsent() >= kMaxWaiting) connection().pause(ReadPause::Output);
}

void BridgeEnd::on_output_progress() {
    if (other_ && connection().unsent() < kMaxWaiting / 2) other_->connection().resume(ReadPause::Output);
}

// What the client has sent before still arrives, and so does what it is answered (RFC 6455 7.1.1: a Close
// frame).
void BridgeEnd::on_end_of_stream() {
    if (side_ == Side::Client && other_ && !other_->connection().ending()) {
        connection().set_deadline(kAnswerMs);
        other_->connection().end_output();
        return;
    }
    close_both();
}

void BridgeEnd::on_deadline() {
    close_both();
}

void BridgeEnd::close_both() {
    if (other_ && !other_->connection().closing())
        other_->connection().close_after_output(CloseReason::PeerClosed);
    connection().close_after_output(CloseReason::PeerClosed);
}

void BridgeEnd::on_closed(CloseReason reason) {
    if (!other_) return;
    BridgeEnd* other = std::exchange(other_, nullptr);
    other->other_ = nullptr;
    if (!other->connection().closing()) other->connection().close_after_output(reason);
}

}  // namespace marmoset::net
