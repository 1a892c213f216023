// What a transport with a handshake and with bytes of its own asks of Connection. The transport here is a
// scripted one over a socket pair, whose other end only makes the poll events.
#include "net/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "net/socket_transport.h"

namespace marmoset::net {
namespace {

/// Shared with the test: what the transport does next, and what it was asked.
struct Script {
    Transport::Handshake handshake = Transport::Handshake::Done;
    Transport::Handshake next = Transport::Handshake::Done;  // once an event has come
    int handshakes = 0;
    std::string waiting;  // decrypted, though the socket says nothing
    bool ended = false;   // ... and the end of the stream behind it
    std::string written;
    bool takes_last_words = true;
    int half_closes = 0;  // asked for
};

class ScriptedTransport final : public Transport {
  public:
    ScriptedTransport(FileDescriptor socket, Script& script) : socket_(std::move(socket)), script_(script) {}

    int descriptor() const override { return socket_.get(); }
    Handshake handshake() override {
        if (++script_.handshakes > 1) script_.handshake = script_.next;
        return script_.handshake;
    }
    std::string error() const override { return "scripted"; }
    bool pending() const override { return !script_.waiting.empty() || script_.ended; }
    ssize_t read(MutableBytes into) override {
        if (script_.waiting.empty()) {
            char byte;
            if (recv(socket_.get(), &byte, 1, MSG_DONTWAIT) == 1) script_.waiting = std::string(10, byte);
        }
        if (script_.waiting.empty()) return script_.ended ? (script_.ended = false, 0) : -EAGAIN;
        const size_t size = std::min(into.size(), script_.waiting.size());
        std::memcpy(into.data(), script_.waiting.data(), size);
        script_.waiting.erase(0, size);
        return static_cast<ssize_t>(size);
    }
    ssize_t write(const iovec* pieces, int count, bool) override {
        ssize_t total = 0;
        for (int i = 0; i < count; ++i) {
            script_.written.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
            total += static_cast<ssize_t>(pieces[i].iov_len);
        }
        return total;
    }
    ssize_t send_file(int, off_t, size_t) override { return -EIO; }
    bool shutdown_write() override {
        ++script_.half_closes;
        return script_.takes_last_words;
    }

  private:
    FileDescriptor socket_;
    Script& script_;
};

/// Takes four bytes at a time; can pause after each piece.
class Taker final : public Protocol {
  public:
    Taker(Connection& connection, std::string& taken, bool pauses)
        : Protocol(connection), taken_(taken), pauses_(pauses) {}

    size_t read_limit() const override { return 4; }
    void on_bytes(MutableBytes data) override {
        taken_ += as_text(data);
        taken_ += '|';
        if (pauses_) connection().pause(ReadPause::Credit);
    }
    void on_end_of_stream() override {
        taken_ += "end";
        connection().close(CloseReason::PeerClosed);
    }
    void on_secured() override { taken_ += "secured|"; }
    void on_deadline() override {}
    void on_closed(CloseReason reason) override {
        if (reason != CloseReason::PeerClosed) taken_ += describe(reason).name;
    }
    void on_shutdown() override {}

  private:
    std::string& taken_;
    bool pauses_;
};

class ConnectionTransportTest : public testing::Test, private ConnectionObserver {
  protected:
    ConnectionTransportTest() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        peer_ = FileDescriptor(ends[0]);
        ours_ = FileDescriptor(ends[1]);
    }
    ~ConnectionTransportTest() override {
        if (connection_) connection_->close(CloseReason::Shutdown);
    }

    void start(bool pauses = false) {
        connection_ = new Connection(loop_, std::make_unique<ScriptedTransport>(std::move(ours_), script_),
                                     Address(), *this);
        connection_->start(std::make_unique<Taker>(*connection_, taken_, pauses));
    }
    /// One turn of the loop, which does not wait.
    void turn() { uv_run(loop_.uv(), UV_RUN_NOWAIT); }
    /// Until the connection has seen the peer's end.
    void turn_to_the_end() {
        for (int i = 0; i < 4 && connection_; ++i)
            turn();
    }
    void send_byte() { ASSERT_EQ(send(peer_.get(), "x", 1, 0), 1); }

    Loop loop_;
    Script script_;
    FileDescriptor peer_, ours_;
    Connection* connection_ = nullptr;
    std::string taken_;

  private:
    void on_connection_closed(Connection&, CloseReason) override { connection_ = nullptr; }
};

TEST_F(ConnectionTransportTest, WhatWaitsInTheTransportIsReadToItsEnd) {
    start();
    turn();
    send_byte();  // becomes ten bytes; the socket has nothing more to tell
    turn();
    EXPECT_EQ(taken_, "xxxx|xxxx|xx|");
}

TEST_F(ConnectionTransportTest, WhatAPauseLeftBehindIsReadWithoutAnEvent) {
    start(true);
    turn();
    send_byte();
    turn();
    EXPECT_EQ(taken_, "xxxx|");
    turn();
    EXPECT_EQ(taken_, "xxxx|");
    connection_->resume(ReadPause::Credit);
    turn();
    EXPECT_EQ(taken_, "xxxx|xxxx|");
    connection_->resume(ReadPause::Credit);
    turn();
    EXPECT_EQ(taken_, "xxxx|xxxx|xx|");
}

TEST_F(ConnectionTransportTest, AnEndThatOnlyTheTransportKnows) {
    script_.ended = true;
    start();
    turn();
    send_byte();
    turn();
    EXPECT_EQ(taken_, "xxxx|xxxx|xx|end");
}

TEST_F(ConnectionTransportTest, OutputWaitsForTheHandshake) {
    script_.handshake = Transport::Handshake::WantsRead;
    start();
    connection_->write_copy(as_bytes("request"));
    turn();
    turn();
    EXPECT_EQ(script_.written, "");
    EXPECT_EQ(script_.handshakes, 1);  // the socket is writable all the time, and that is not asked for
    EXPECT_EQ(connection_->unsent(), 7u);
    script_.next = Transport::Handshake::WantsWrite;
    send_byte();
    turn();
    EXPECT_EQ(script_.handshakes, 2);
    EXPECT_EQ(taken_, "");
    script_.next = Transport::Handshake::Done;
    turn();
    EXPECT_EQ(script_.handshakes, 3);
    EXPECT_EQ(script_.written, "request");
    EXPECT_EQ(connection_->unsent(), 0u);
    turn();
    EXPECT_EQ(taken_, "secured|xxxx|xxxx|xx|");
}

TEST_F(ConnectionTransportTest, LastWordsWaitForASocketThatIsFull) {
    start();
    script_.takes_last_words = false;
    connection_->close_after_output(CloseReason::ResponseEnd);
    EXPECT_EQ(script_.half_closes, 1);
    turn();
    EXPECT_EQ(script_.half_closes, 2);  // the socket is writable all the time
    script_.takes_last_words = true;
    turn();
    EXPECT_EQ(script_.half_closes, 3);
    turn();
    turn();
    EXPECT_EQ(script_.half_closes, 3);
}

TEST_F(ConnectionTransportTest, AHandshakeThatIsRefusedLeavesTimeToReadWhy) {
    script_.handshake = Transport::Handshake::WantsRead;
    script_.next = Transport::Handshake::Refused;
    start();
    turn();
    connection_->write_copy(as_bytes("never"));
    send_byte();
    turn();
    ASSERT_NE(connection_, nullptr);
    EXPECT_TRUE(connection_->ending());
    EXPECT_EQ(script_.half_closes, 1);
    EXPECT_EQ(script_.written, "");
    peer_.reset();
    script_.ended = true;
    turn_to_the_end();
    EXPECT_EQ(taken_, "TlsFailed");
    EXPECT_EQ(connection_, nullptr);
}

TEST_F(ConnectionTransportTest, APeerThatGoesWithoutAWord) {
    script_.handshake = Transport::Handshake::WantsRead;
    script_.next = Transport::Handshake::Closed;
    start();
    turn();
    peer_.reset();
    turn_to_the_end();
    EXPECT_EQ(taken_, "");  // the peer closed: what Taker does not write down
    EXPECT_EQ(connection_, nullptr);
}

TEST_F(ConnectionTransportTest, AHandshakeThatFails) {
    script_.handshake = Transport::Handshake::WantsRead;
    script_.next = Transport::Handshake::Failed;
    start();
    turn();
    send_byte();
    turn();
    EXPECT_EQ(taken_, "TlsFailed");
    EXPECT_EQ(connection_, nullptr);
}

TEST_F(ConnectionTransportTest, AHandshakeThatFailsAtOnce) {
    script_.handshake = Transport::Handshake::Failed;
    start();
    EXPECT_EQ(taken_, "TlsFailed");
    EXPECT_EQ(connection_, nullptr);
}

}  // namespace
}  // namespace marmoset::net
