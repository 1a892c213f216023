// A burst of handshakes: how many go on in a turn, in which order, and what becomes of those that go.
#include "net/handshake_queue.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "base/file_descriptor.h"
#include "net/connection.h"

namespace marmoset::net {
namespace {

/// Its first call says what it waits for; the second is written down and takes its time.
class Slow final : public Transport {
  public:
    Slow(FileDescriptor socket, std::vector<int>& steps, int number, uint64_t nanoseconds)
        : socket_(std::move(socket)), steps_(steps), number_(number), nanoseconds_(nanoseconds) {}

    int descriptor() const override { return socket_.get(); }
    Handshake handshake() override {
        if (!begun_) {
            begun_ = true;
            return Handshake::WantsRead;
        }
        steps_.push_back(number_);
        for (const uint64_t end = uv_hrtime() + nanoseconds_; uv_hrtime() < end;) {
        }
        return Handshake::Done;
    }
    ssize_t read(MutableBytes into) override {
        const ssize_t count = recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
        return count < 0 ? -errno : count;
    }
    ssize_t write(const iovec*, int, bool) override { return -EAGAIN; }
    ssize_t send_file(int, off_t, size_t) override { return -EAGAIN; }
    bool shutdown_write() override { return true; }

  private:
    FileDescriptor socket_;
    std::vector<int>& steps_;
    int number_;
    uint64_t nanoseconds_;
    bool begun_ = false;
};

class Silent final : public Protocol {
  public:
    using Protocol::Protocol;
    void on_bytes(MutableBytes) override {}
    void on_end_of_stream() override {}
    void on_deadline() override {}
    void on_closed(CloseReason) override {}
    void on_shutdown() override {}
};

class HandshakeQueueTest : public testing::Test, private ConnectionObserver {
  protected:
    ~HandshakeQueueTest() override {
        while (!connections_.empty())
            connections_.back()->close(CloseReason::Shutdown);
    }
    void connect(int number, uint64_t nanoseconds) {
        int ends[2];
        ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
        peers_.emplace_back(ends[0]);
        auto* connection = new Connection(
            loop_, std::make_unique<Slow>(FileDescriptor(ends[1]), steps_, number, nanoseconds), Address(),
            *this);
        connections_.push_back(connection);
        connection->start(std::make_unique<Silent>(*connection));
        ASSERT_EQ(1, send(ends[0], "x", 1, 0));
    }
    /// How many went on in one turn.
    size_t turn() {
        const size_t before = steps_.size();
        uv_run(loop_.uv(), UV_RUN_NOWAIT);
        return steps_.size() - before;
    }

    Loop loop_;
    std::vector<FileDescriptor> peers_;
    std::vector<Connection*> connections_;
    std::vector<int> steps_;

  private:
    void on_connection_closed(Connection& connection, CloseReason) override {
        std::erase(connections_, &connection);
    }
};

TEST_F(HandshakeQueueTest, NoMoreThanTheNumberInATurn) {
    for (int i = 0; i < 20; ++i)
        connect(i, 0);
    for (size_t total = 0; total < 20;) {
        const size_t count = turn();
        ASSERT_GE(count, 1u);
        EXPECT_LE(count, HandshakeQueue::kStepsPerTurn);
        total += count;
    }
    turn();
    EXPECT_EQ(20u, steps_.size());
}

TEST_F(HandshakeQueueTest, OneLongStepATurn) {
    for (int i = 0; i < 5; ++i)
        connect(i, HandshakeQueue::kNanosecondsPerTurn);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(1u, turn());
}

TEST_F(HandshakeQueueTest, FirstComeFirstServed) {
    connect(0, HandshakeQueue::kNanosecondsPerTurn);
    turn();
    for (int i = 1; i < 4; ++i)
        connect(i, HandshakeQueue::kNanosecondsPerTurn);
    turn();  // all three are in the queue, one has gone on
    connect(4, 0);
    while (steps_.size() < 5)
        ASSERT_EQ(1u, turn());
    EXPECT_EQ(4, steps_.back());
}

TEST_F(HandshakeQueueTest, WhoIsClosedMeanwhileIsLeftOut) {
    for (int i = 0; i < 3; ++i)
        connect(i, HandshakeQueue::kNanosecondsPerTurn);
    turn();
    ASSERT_EQ(1u, steps_.size());
    connections_[steps_[0] == 1 ? 2 : 1]->close(CloseReason::Shutdown);
    turn();
    turn();
    EXPECT_EQ(2u, steps_.size());
}

TEST_F(HandshakeQueueTest, TheLoopSleepsAgain) {
    connect(0, 0);
    turn();
    EXPECT_EQ(1u, steps_.size());
    turn();  // what is polled for has changed: libuv does not tell before it has told the kernel
    EXPECT_EQ(-1, uv_backend_timeout(loop_.uv()));
}

}  // namespace
}  // namespace marmoset::net
