// A connection over a real socket pair, its peer driven by the test: how it ends.
#include "net/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "net/socket_transport.h"

namespace marmoset::net {
namespace {

/// Answers the first bytes with much more than a socket holds, and closes.
class LongAnswer final : public Protocol {
  public:
    static constexpr size_t kSize = 4u << 20;

    using Protocol::Protocol;
    void on_bytes(MutableBytes) override {
        const std::string answer(kSize, 'a');
        connection().write_copy(as_bytes(answer));
        connection().close_after_output(CloseReason::ResponseEnd);
    }
    void on_end_of_stream() override { connection().close_after_output(CloseReason::PeerClosed); }
    void on_deadline() override {}
    void on_closed(CloseReason) override {}
    void on_shutdown() override {}
};

class ConnectionEndTest : public testing::Test, protected ConnectionObserver {
  protected:
    ConnectionEndTest() {
        int pair[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
        peer_.reset(pair[0]);
        connection_ = new Connection(loop_, std::make_unique<SocketTransport>(FileDescriptor(pair[1])),
                                     Address(), *this);
        EXPECT_TRUE(connection_->start(std::make_unique<LongAnswer>(*connection_)));
    }
    ~ConnectionEndTest() override {
        if (connection_) connection_->close(CloseReason::Shutdown);
    }
    void on_connection_closed(Connection&, CloseReason reason) override {
        connection_ = nullptr;
        reason_ = reason;
    }
    /// Both ends of the pair are in this process, so a turn has nothing to wait for.
    void turn() { uv_run(loop_.uv(), UV_RUN_NOWAIT); }
    /// Reads until the connection has closed and nothing is left.
    size_t read_all() {
        std::array<char, 65536> buffer;
        size_t total = 0;
        for (;;) {
            const ssize_t size = read(peer_.get(), buffer.data(), buffer.size());
            if (size > 0) {
                total += static_cast<size_t>(size);
            } else if (!connection_) {
                return total;
            }
            turn();
        }
    }

    Loop loop_;
    FileDescriptor peer_;
    Connection* connection_ = nullptr;
    CloseReason reason_ = CloseReason::InternalError;
};

TEST_F(ConnectionEndTest, APeerThatHalfClosesGetsTheWholeAnswer) {
    ASSERT_EQ(write(peer_.get(), "?", 1), 1);
    turn();
    ASSERT_TRUE(connection_ && connection_->blocked());
    shutdown(peer_.get(), SHUT_WR);
    turn();
    turn();
    EXPECT_EQ(read_all(), LongAnswer::kSize);
    EXPECT_EQ(reason_, CloseReason::ResponseEnd);
}

TEST_F(ConnectionEndTest, APeerThatHasHalfClosedBeforeGetsTheWholeAnswer) {
    ASSERT_EQ(write(peer_.get(), "?", 1), 1);
    shutdown(peer_.get(), SHUT_WR);
    EXPECT_EQ(read_all(), LongAnswer::kSize);
}

TEST_F(ConnectionEndTest, APeerThatVanishesEndsIt) {
    ASSERT_EQ(write(peer_.get(), "?", 1), 1);
    turn();
    peer_.reset();
    for (int i = 0; i < 3; ++i)
        turn();
    EXPECT_EQ(connection_, nullptr);
}

}  // namespace
}  // namespace marmoset::net
