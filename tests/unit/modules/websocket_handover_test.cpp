// A client's connection on its way out of the gateway: not before the 101 has left, and no byte of the client
// is lost.
#include "modules/websocket/handover.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "net/socket_transport.h"
#include "tests/support/scripted_peer.h"

namespace marmoset::websocket_module {
namespace {

using test::turn;

net::Loop& loop() {
    return test::the_loop();
}

std::string read_all(int descriptor) {
    std::string text;
    char buffer[4096];
    for (;;) {
        turn(loop());
        const ssize_t size = recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
        if (size <= 0) return text;
        text.append(buffer, static_cast<size_t>(size));
    }
}

bool at_end(int descriptor) {
    char byte;
    return recv(descriptor, &byte, 1, MSG_DONTWAIT) == 0;
}

/// What is told, and by which way the client is asked for.
class Receiver : public Handover::Receiver, public net::ConnectionObserver {
  public:
    enum class Way : uint8_t { Own, Bridge };
    explicit Receiver(Way way) : way_(way) {}

    void on_handover_ready(Handover& handover) override {
        ++ready;
        transferable = handover.transferable();
        early = as_text(handover.early());
        descriptor = way_ == Way::Own ? handover.give_descriptor() : handover.give_bridge(*this, inner);
    }
    void on_handover_lost(CloseReason reason) override {
        ++lost;
        why = reason;
    }
    void on_connection_closed(net::Connection& connection, CloseReason) override {
        EXPECT_EQ(&connection, inner);
        inner = nullptr;
    }

    int ready = 0, lost = 0;
    bool transferable = false;
    std::string early;
    CloseReason why{};
    FileDescriptor descriptor;
    net::Connection* inner = nullptr;

  private:
    Way way_;
};

/// A client on a socket pair, its handshake answered.
class HandoverTest : public testing::Test, protected net::ConnectionObserver {
  protected:
    HandoverTest() : memory_(loop().queued_memory()) {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        client_.reset(ends[0]);
        connection_ = new net::Connection(
            loop(), std::make_unique<net::SocketTransport>(FileDescriptor(ends[1])), net::Address(), *this);
    }
    ~HandoverTest() override {
        client_.reset();
        if (connection_) connection_->close(CloseReason::Shutdown);
        for (int turns = 0; turns < 4; ++turns)
            turn(loop());
        EXPECT_EQ(loop().queued_memory(), memory_);
    }
    void on_connection_closed(net::Connection&, CloseReason reason) override {
        connection_ = nullptr;
        reason_ = reason;
    }

    /// Writes the answer; `early` came in one piece with the request.
    void hand_over(Receiver& receiver, std::string_view answer, std::string early = {}) {
        auto protocol = std::make_unique<Handover>(*connection_, receiver, 60000);
        Handover* handover = protocol.get();
        ASSERT_TRUE(connection_->start(std::move(protocol)));
        connection_->write_copy(as_bytes(answer));
        if (!early.empty()) handover->on_bytes({reinterpret_cast<uint8_t*>(early.data()), early.size()});
        EXPECT_EQ(receiver.ready, 0) << "not from within the call that upgrades";
    }
    void say(std::string_view text) const {
        ASSERT_EQ(write(client_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    net::Connection* connection_ = nullptr;
    CloseReason reason_{};
    FileDescriptor client_;

  private:
    const uint64_t memory_;
};

TEST_F(HandoverTest, GivesTheClientsOwnDescriptor) {
    Receiver receiver(Receiver::Way::Own);
    hand_over(receiver, "101");
    say("not yet read");
    turn(loop());
    EXPECT_EQ(receiver.ready, 1);
    EXPECT_TRUE(receiver.transferable);
    ASSERT_TRUE(receiver.descriptor);
    EXPECT_EQ(fcntl(receiver.descriptor.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(connection_, nullptr);
    EXPECT_EQ(reason_, CloseReason::HandedOver);
    EXPECT_EQ(read_all(client_.get()), "101");
    EXPECT_EQ(read_all(receiver.descriptor.get()), "not yet read");
    EXPECT_EQ(write(receiver.descriptor.get(), "hello", 5), 5);
    EXPECT_EQ(read_all(client_.get()), "hello");
    EXPECT_FALSE(at_end(client_.get()));
    receiver.descriptor.reset();
    EXPECT_TRUE(at_end(client_.get()));
    EXPECT_EQ(receiver.lost, 0);
}

TEST_F(HandoverTest, ReadsNothingMoreOfWhatTheClientSends) {
    Receiver receiver(Receiver::Way::Own);
    hand_over(receiver, "101", "early ");
    say("later");
    turn(loop());
    EXPECT_EQ(receiver.early, "early ");
    EXPECT_EQ(read_all(receiver.descriptor.get()), "later");
}

TEST_F(HandoverTest, WaitsUntilTheAnswerHasLeft) {
    Receiver receiver(Receiver::Way::Own);
    const std::string answer(4u << 20, 'a');
    hand_over(receiver, answer);
    say("later");
    for (int turns = 0; turns < 5; ++turns)
        turn(loop());
    EXPECT_EQ(receiver.ready, 0);
    size_t taken = 0;
    for (int turns = 0; turns < 100000 && receiver.ready == 0; ++turns)
        taken += read_all(client_.get()).size();
    EXPECT_EQ(receiver.ready, 1);
    taken += read_all(client_.get()).size();
    EXPECT_EQ(taken, answer.size());
    EXPECT_EQ(read_all(receiver.descriptor.get()), "later");
}

TEST_F(HandoverTest, TellsOfAClientThatGoesBefore) {
    Receiver receiver(Receiver::Way::Own);
    hand_over(receiver, std::string(4u << 20, 'a'), "early");
    turn(loop());
    client_.reset();
    for (int turns = 0; turns < 10 && receiver.lost == 0; ++turns)
        turn(loop());
    EXPECT_EQ(receiver.lost, 1);
    EXPECT_EQ(receiver.ready, 0);
    EXPECT_EQ(connection_, nullptr);
}

TEST_F(HandoverTest, BridgesToASocketPair) {
    Receiver receiver(Receiver::Way::Bridge);
    hand_over(receiver, "101", "early ");
    say("later");
    turn(loop());
    ASSERT_TRUE(receiver.descriptor);
    ASSERT_NE(receiver.inner, nullptr);
    ASSERT_NE(connection_, nullptr) << "the gateway keeps the client";
    const int theirs = receiver.descriptor.get();
    EXPECT_EQ(fcntl(theirs, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    std::string got;
    for (int turns = 0; turns < 10 && got.size() < 11; ++turns)
        got += read_all(theirs);
    EXPECT_EQ(got, "early later");
    EXPECT_EQ(write(theirs, "hello", 5), 5);
    got.clear();
    for (int turns = 0; turns < 10 && got.size() < 8; ++turns)
        got += read_all(client_.get());
    EXPECT_EQ(got, "101hello");
    receiver.descriptor.reset();
    for (int turns = 0; turns < 10 && receiver.inner; ++turns)
        turn(loop());
    EXPECT_EQ(receiver.inner, nullptr);
    EXPECT_TRUE(at_end(client_.get()));
}

TEST_F(HandoverTest, EndsTheBridgeWithTheClient) {
    Receiver receiver(Receiver::Way::Bridge);
    hand_over(receiver, "101");
    turn(loop());
    ASSERT_TRUE(receiver.descriptor);
    say("last words");
    client_.reset();
    std::string got;
    for (int turns = 0; turns < 10 && got.size() < 10; ++turns)
        got += read_all(receiver.descriptor.get());
    EXPECT_EQ(got, "last words");
    for (int turns = 0; turns < 10 && !at_end(receiver.descriptor.get()); ++turns)
        turn(loop());
    EXPECT_TRUE(at_end(receiver.descriptor.get()));
    receiver.descriptor.reset();
    for (int turns = 0; turns < 10 && (connection_ || receiver.inner); ++turns)
        turn(loop());
    EXPECT_EQ(connection_, nullptr);
    EXPECT_EQ(receiver.inner, nullptr);
}

}  // namespace
}  // namespace marmoset::websocket_module
