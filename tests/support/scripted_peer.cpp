// A transport over a descriptor that is always ready: reading gives the next piece, writing keeps the bytes.
#include "tests/support/scripted_peer.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file_descriptor.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) (static_cast<void>(at), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) (static_cast<void>(at), static_cast<void>(size))
#endif

namespace marmoset::test {

namespace {

constexpr size_t kFence = 64;  // bytes behind a piece that nobody may read

}  // namespace

class ScriptedPeer::ScriptedTransport final : public net::Transport {
  public:
    explicit ScriptedTransport(ScriptedPeer& peer)
        : peer_(peer), ready_(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (!ready_) std::abort();
    }
    ~ScriptedTransport() override {
        if (fence_ != nullptr) ASAN_UNPOISON_MEMORY_REGION(fence_, kFence);
    }

    int descriptor() const override { return ready_.get(); }

    ssize_t read(MutableBytes into) override {
        if (fence_ != nullptr) ASAN_UNPOISON_MEMORY_REGION(fence_, kFence);
        fence_ = nullptr;
        if (into.empty()) std::abort();  // of no byte nothing can come, and 0 is the end of the stream
        if (peer_.input_.empty()) return peer_.ended_ ? 0 : -EAGAIN;
        const Bytes piece = Bytes(peer_.input_.front()).subspan(peer_.consumed_);
        const size_t size = std::min(piece.size(), into.size());
        std::memcpy(into.data(), piece.data(), size);
        peer_.consumed_ += size;
        if (peer_.consumed_ == peer_.input_.front().size()) {
            peer_.input_.pop_front();
            peer_.consumed_ = 0;
        }
        // The shared buffer is large: without this nothing would see who reads behind what has come.
        if (peer_.fenced_ && into.size() >= size + kFence) {
            fence_ = into.data() + size;
            ASAN_POISON_MEMORY_REGION(fence_, kFence);
        }
        return static_cast<ssize_t>(size);
    }

    ssize_t write(const iovec* pieces, int count, bool) override {
        if (peer_.room_ != SIZE_MAX) {
            peer_.refuse_next_ = !peer_.refuse_next_;
            if (!peer_.refuse_next_) return -EAGAIN;
        }
        size_t taken = 0;
        for (int i = 0; i < count && taken < peer_.room_; ++i) {
            const size_t size = std::min(pieces[i].iov_len, peer_.room_ - taken);
            peer_.received.append(static_cast<const char*>(pieces[i].iov_base), size);
            taken += size;
        }
        return static_cast<ssize_t>(taken);
    }

    ssize_t send_file(int, off_t, size_t) override { return -EIO; }
    bool shutdown_write() override { return true; }

  private:
    ScriptedPeer& peer_;
    FileDescriptor ready_;
    uint8_t* fence_ = nullptr;
};

ScriptedPeer::ScriptedPeer(net::Loop& loop)
    : connection_(
          new net::Connection(loop, std::make_unique<ScriptedTransport>(*this), net::Address(), *this)) {}

ScriptedPeer::~ScriptedPeer() {
    if (connection_) connection_->close(CloseReason::Shutdown);
}

void ScriptedPeer::send(std::vector<uint8_t> piece) {
    if (!piece.empty()) input_.push_back(std::move(piece));
}

void ScriptedPeer::send(std::vector<std::vector<uint8_t>> pieces) {
    for (std::vector<uint8_t>& piece : pieces)
        send(std::move(piece));
}

void ScriptedPeer::on_connection_closed(net::Connection&, CloseReason reason) {
    connection_ = nullptr;
    reason_ = reason;
}

net::Loop& the_loop() {
    // Never deleted: its handles live as long as the process. A loop without an active handle takes no turn,
    // not even its end: a worker's always has one.
    static auto* const loop = [] {
        auto* made = new net::Loop;
        static uv_idle_t alive;
        uv_idle_init(made->uv(), &alive);
        uv_idle_start(&alive, [](uv_idle_t*) {});
        return made;
    }();
    // Its clock stands between turns, and other tests' time is not a connection's.
    uv_update_time(loop->uv());
    return *loop;
}

void turn(net::Loop& loop) {
    uv_run(loop.uv(), UV_RUN_NOWAIT);
}

}  // namespace marmoset::test
