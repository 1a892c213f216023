// The protocol of a connection until a whole HTTP head has come. In: bytes. Out: the head in one piece and
// what lies behind it; a limit on its size.
#pragma once

#include <string>

#include "http/head_check.h"
#include "net/connection.h"

namespace marmoset::libwebsocket {

/// RFC 9112 sets no limit; this is the gateway's default.
inline constexpr size_t kMaxHead = 16384;
inline constexpr size_t kMaxHeadFields = 100;

/// `Owner` has on_head(), on_secured(), on_deadline(), on_lost(), on_head_too_large() as Opening has them,
/// and outlives the reader unless it calls detach().
template <typename Owner>
class HeadProtocol : public net::Protocol {
  public:
    HeadProtocol(net::Connection& connection, Owner& owner) : net::Protocol(connection), owner_(&owner) {}

    /// The owner hears no more.
    void detach() { owner_ = nullptr; }

    void on_bytes(MutableBytes data) override {
        const size_t before = bytes_.size();
        bytes_.insert(bytes_.end(), data.begin(), data.end());
        size_t from = before;
        while (owner_) {
            const size_t end = http::find_head_end(as_text(bytes_), from);
            if (end == 0 ? bytes_.size() > kMaxHead : end > kMaxHead) {
                owner_->on_head_too_large();
                return;
            }
            if (end == 0) return;
            const MutableBytes whole(bytes_);
            if (owner_->on_head(as_text(whole.first(end)), whole.subspan(end))) return;
            // Interim heads count together.
            dropped_ += end;
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<long>(end));
            from = 0;
            if (dropped_ > kMaxHead && owner_) owner_->on_head_too_large();
            if (dropped_ > kMaxHead) return;
        }
    }
    void on_end_of_stream() override {
        if (owner_) owner_->on_lost(CloseReason::PeerClosed);
    }
    void on_secured() override {
        if (owner_) owner_->on_secured();
    }
    void on_deadline() override {
        if (owner_) owner_->on_deadline();
    }
    void on_closed(CloseReason reason) override {
        if (owner_) owner_->on_lost(reason);
    }
    void on_shutdown() override { connection().close(CloseReason::Shutdown); }

  private:
    Owner* owner_;
    std::vector<uint8_t> bytes_;
    size_t dropped_ = 0;
};

}  // namespace marmoset::libwebsocket
