// Two connections bridged: bytes both ways, who does not take them, and how one end takes the other along.
#include "net/byte_bridge.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/scripted_peer.h"

namespace marmoset::net {
namespace {

using test::ScriptedPeer;

std::vector<uint8_t> bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

class ByteBridge : public testing::Test {
  protected:
    ByteBridge() : memory_(loop().queued_memory()), left(loop()), right(loop()) {
        auto one = std::make_unique<BridgeEnd>(*left.connection(), BridgeEnd::Side::Client);
        auto other = std::make_unique<BridgeEnd>(*right.connection(), BridgeEnd::Side::Server);
        BridgeEnd::join(*one, *other);
        EXPECT_TRUE(left.connection()->start(std::move(one)));
        EXPECT_TRUE(right.connection()->start(std::move(other)));
    }
    ~ByteBridge() override {
        for (ScriptedPeer* peer : {&left, &right}) {
            if (peer->connection()) peer->connection()->close(CloseReason::Shutdown);
        }
        test::turn(loop());
        test::turn(loop());
        EXPECT_EQ(loop().queued_memory(), memory_);
    }
    static Loop& loop() { return test::the_loop(); }
    /// Turns until it is true; fails when that takes too many.
    static void turn_until(const char* what, const std::function<bool()>& done) {
        for (int turns = 0; turns < 100000; ++turns) {
            if (done()) return;
            test::turn(loop());
        }
        FAIL() << what;
    }

  private:
    const uint64_t memory_;

  protected:
    ScriptedPeer left, right;
};

TEST_F(ByteBridge, PassesBytesBothWays) {
    left.send(bytes("to the right"));
    right.send({bytes("to "), bytes("the "), bytes("left")});
    turn_until("bytes on both sides",
               [&] { return right.received == "to the right" && left.received == "to the left"; });
}

TEST_F(ByteBridge, PassesAnyBytesInAnyPieces) {
    std::string whole;
    std::vector<std::vector<uint8_t>> pieces;
    for (size_t size = 0; size < 3000; size += 17) {
        std::string piece(size, static_cast<char>(size));
        whole += piece;
        pieces.push_back(bytes(piece));
    }
    right.take_at_most(1000);
    left.send(pieces);
    turn_until("all of it", [&] { return right.received.size() >= whole.size(); });
    EXPECT_TRUE(right.received == whole);
}

TEST_F(ByteBridge, StopsWhoSendsToOneThatDoesNotTake) {
    constexpr size_t kPieces = 200, kSize = 10000;
    right.take_at_most(1);
    for (size_t i = 0; i < kPieces; ++i)
        left.send(std::vector<uint8_t>(kSize, static_cast<uint8_t>(i)));
    turn_until("a pause", [&] { return left.connection()->paused(); });
    EXPECT_GT(left.unread(), kPieces / 2);  // the most of it is not even read
    EXPECT_LT(right.connection()->unsent(), 400000u);
    left.received.clear();
    right.send(bytes("the other way is open"));
    turn_until("the other way", [&] { return left.received == "the other way is open"; });
    right.take_at_most(SIZE_MAX);
    turn_until("all of it", [&] { return right.received.size() == kPieces * kSize; });
    EXPECT_FALSE(left.connection()->paused());
    for (size_t i = 0; i < kPieces; ++i)
        ASSERT_EQ(static_cast<uint8_t>(right.received[i * kSize + kSize - 1]), static_cast<uint8_t>(i));
}

TEST_F(ByteBridge, FlushesWhatWasSentBeforeAnEnd) {
    const std::string whole(100000, 'x');
    right.take_at_most(3000);
    left.send(bytes(whole));
    left.end();
    turn_until("all of it", [&] { return right.received.size() == whole.size(); });
    right.end();  // who is told the end ends, too
    turn_until("the end of both", [&] { return left.closed() && right.closed(); });
}

TEST_F(ByteBridge, AClientThatHasEndedIsAnswered) {
    right.take_at_most(7);
    left.send(bytes("the last words"));
    left.end();
    turn_until("them", [&] { return right.received == "the last words"; });
    for (int i = 0; i < 10; ++i)
        test::turn(loop());
    EXPECT_FALSE(left.closed());
    EXPECT_FALSE(right.closed());
    right.send({bytes("an"), bytes("swer")});
    right.end();
    turn_until("the end of both", [&] { return left.closed() && right.closed(); });
    EXPECT_EQ(left.received, "answer");
}

TEST_F(ByteBridge, AServerThatHasEndedIsNotWaitedFor) {
    right.send(bytes("goodbye"));
    right.end();
    turn_until("the words", [&] { return left.received == "goodbye"; });
    left.end();
    turn_until("the end of both", [&] { return left.closed() && right.closed(); });
}

TEST_F(ByteBridge, ABrokenEndTakesTheOtherAlong) {
    left.connection()->close(CloseReason::PeerClosed);
    EXPECT_TRUE(left.closed());
    right.end();
    turn_until("the other end", [&] { return right.closed(); });
}

TEST_F(ByteBridge, WhatComesForOneThatHasGoneIsThrownAway) {
    left.connection()->close(CloseReason::PeerClosed);
    right.send(bytes("nobody there"));
    right.end();
    turn_until("the other end", [&] { return right.closed(); });
    EXPECT_EQ(left.received, "");
}

}  // namespace
}  // namespace marmoset::net
