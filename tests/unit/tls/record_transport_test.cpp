// What TLS libraries have in common, with one that does not encrypt: a record is 'R', its size in four bytes,
// and the payload; a handshake is 'h' answered by 'H'. The socket is the test's.
#include "tls/record_transport.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/file_descriptor.h"

namespace marmoset::tls {
namespace {

struct Socket {
    std::string input;
    bool ended = false;
    size_t room = SIZE_MAX;  // what it takes until it is full
    std::string output;
    int reads = 0, writes = 0;
    bool half_closed = false;
};

class Inner final : public net::Transport {
  public:
    explicit Inner(Socket& socket) : socket_(socket) {}
    int descriptor() const override { return -1; }
    ssize_t read(MutableBytes into) override {
        ++socket_.reads;
        if (socket_.input.empty()) return socket_.ended ? 0 : -EAGAIN;
        const size_t size = std::min(into.size(), socket_.input.size());
        std::memcpy(into.data(), socket_.input.data(), size);
        socket_.input.erase(0, size);
        return static_cast<ssize_t>(size);
    }
    ssize_t write(const iovec* pieces, int count, bool) override {
        ++socket_.writes;
        size_t total = 0;
        for (int i = 0; i < count; ++i) {
            const size_t size = std::min(pieces[i].iov_len, socket_.room);
            socket_.output.append(static_cast<const char*>(pieces[i].iov_base), size);
            socket_.room -= size;
            total += size;
        }
        return total == 0 ? -EAGAIN : static_cast<ssize_t>(total);
    }
    ssize_t send_file(int, off_t, size_t) override { return -EIO; }
    bool shutdown_write() override { return socket_.half_closed = true; }

  private:
    Socket& socket_;
};

std::string record(std::string_view payload) {
    char size[4];
    store_big<uint32_t>(reinterpret_cast<uint8_t*>(size), static_cast<uint32_t>(payload.size()));
    return "R" + std::string(size, 4) + std::string(payload);
}

class Clear final : public RecordTransport {
  public:
    explicit Clear(Socket& socket) : RecordTransport(std::make_unique<Inner>(socket), End::Server, 1000) {}

  private:
    Step advance() override {
        uint8_t byte = 0;
        const ssize_t count = fetch({&byte, 1});
        if (count == -EAGAIN) return Step::WantsMore;
        if (count == 1 && byte == 0x16) return Step::WantsMore;
        if (count != 1 || byte != '!') {
            put(as_bytes("alert"));
            fail("no handshake");
            return Step::Failed;
        }
        put(as_bytes("H"));
        return Step::Done;
    }
    ssize_t decrypt(MutableBytes into) override {
        for (;;) {
            uint8_t piece[1000];
            const size_t size = partial_.size() < 5 ? SIZE_MAX : load_big<uint32_t>(partial_.data() + 1);
            if (partial_.size() >= 5 && partial_.size() - 5 == size) {
                const size_t taken = std::min(into.size(), size - given_);
                std::memcpy(into.data(), partial_.data() + 5 + given_, taken);
                given_ += taken;
                if (given_ < size) return static_cast<ssize_t>(taken);
                given_ = 0;
                const bool asks = size == 3 && partial_[5] == 'a';  // "ask" wants an answer, as a key update
                partial_.clear();
                if (asks) {
                    put(as_bytes(std::string(1000, 'A')));
                    continue;
                }
                return static_cast<ssize_t>(taken);
            }
            const size_t wanted = partial_.size() < 5 ? 5 - partial_.size() : size + 5 - partial_.size();
            const ssize_t count = fetch({piece, std::min(wanted, sizeof piece)});
            if (count <= 0) return count;
            partial_.insert(partial_.end(), piece, piece + count);
        }
    }
    bool encrypt(Bytes payload) override {
        for (; !payload.empty(); payload = payload.subspan(std::min(payload.size(), kRecord)))
            put(as_bytes(record(as_text(payload.first(std::min(payload.size(), kRecord))))));
        return true;
    }
    void close_notify() override { put(as_bytes("bye")); }
    bool holds_payload() const override { return given_ > 0; }

    std::vector<uint8_t> partial_;  // a record
    size_t given_ = 0;
};

class RecordTransportTest : public testing::Test {
  protected:
    using Handshake = net::Transport::Handshake;

    void establish() {
        EXPECT_EQ(Handshake::WantsRead, transport_.handshake());
        socket_.input = "\x16!";
        while (transport_.handshake() != Handshake::Done) {
        }
        socket_.output.clear();
        socket_.writes = socket_.reads = 0;
    }
    std::string read(size_t most) {
        std::string into(most, '\0');
        const ssize_t count = transport_.read({reinterpret_cast<uint8_t*>(into.data()), most});
        return count < 0 ? "error " + std::to_string(-count) : into.substr(0, static_cast<size_t>(count));
    }
    ssize_t write(std::string_view text) {
        const iovec piece{const_cast<char*>(text.data()), text.size()};
        return transport_.write(&piece, 1, false);
    }

    Socket socket_;
    Clear transport_{socket_};
};

TEST_F(RecordTransportTest, AServerWaitsForTheFirstByte) {
    EXPECT_EQ(Handshake::WantsRead, transport_.handshake());
    EXPECT_EQ(0, socket_.reads);  // the first call computes nothing and reads nothing
    EXPECT_EQ(Handshake::WantsRead, transport_.handshake());
    socket_.input = "\x16";
    EXPECT_EQ(Handshake::WantsRead, transport_.handshake());
    socket_.input = "!";
    EXPECT_EQ(Handshake::Done, transport_.handshake());
    EXPECT_EQ("H", socket_.output);
}

TEST_F(RecordTransportTest, AHandshakeWaitsForASocketThatIsFull) {
    transport_.handshake();
    socket_.input = "\x16!";
    socket_.room = 0;
    transport_.handshake();
    EXPECT_EQ(Handshake::WantsWrite, transport_.handshake());
    EXPECT_EQ("", socket_.output);
}

TEST_F(RecordTransportTest, GoneWithoutAWord) {
    transport_.handshake();
    socket_.ended = true;
    EXPECT_EQ(Handshake::Closed, transport_.handshake());
}

TEST_F(RecordTransportTest, HttpIsAnsweredInTheClear) {
    transport_.handshake();
    socket_.input = "GET / HTTP/1.1\r\n";
    EXPECT_EQ(Handshake::Refused, transport_.handshake());
    EXPECT_TRUE(socket_.output.starts_with("HTTP/1.1 400 "));
    socket_.input = "more of it";  // thrown away by who reads it
    EXPECT_EQ("more of it", read(100));
    EXPECT_TRUE(transport_.shutdown_write());
    EXPECT_EQ(std::string::npos, socket_.output.find("bye"));
}

TEST_F(RecordTransportTest, ARefusalTellsWhy) {
    transport_.handshake();
    socket_.input = "\x01";
    EXPECT_EQ(Handshake::Refused, transport_.handshake());
    EXPECT_EQ("alert", socket_.output);
    EXPECT_EQ("no handshake", transport_.error());
}

TEST_F(RecordTransportTest, WhatComesBehindTheHandshakeWaits) {
    transport_.handshake();
    socket_.input = "\x16!" + record("early");
    while (transport_.handshake() != Handshake::Done) {
    }
    EXPECT_TRUE(transport_.pending());
    EXPECT_EQ("early", read(100));
    EXPECT_FALSE(transport_.pending());
}

TEST_F(RecordTransportTest, ManyRecordsOfOneRead) {
    establish();
    socket_.input = record("one") + record("two") + record("three").substr(0, 6);
    EXPECT_EQ("onetwo", read(100));
    EXPECT_EQ(1, socket_.reads);
    EXPECT_FALSE(transport_.pending());
    EXPECT_EQ("error " + std::to_string(EAGAIN), read(100));
    socket_.input = record("three").substr(6);
    EXPECT_EQ("three", read(100));
}

TEST_F(RecordTransportTest, AReaderThatTakesLittle) {
    establish();
    socket_.input = record("abcdef") + record("ghi");
    EXPECT_EQ("abcd", read(4));
    EXPECT_TRUE(transport_.pending());
    EXPECT_EQ("efgh", read(4));
    EXPECT_TRUE(transport_.pending());
    EXPECT_EQ("i", read(4));
    EXPECT_FALSE(transport_.pending());
}

TEST_F(RecordTransportTest, TheEndComesBehindTheBytes) {
    establish();
    socket_.input = record("last");
    socket_.ended = true;
    EXPECT_EQ("last", read(100));
    EXPECT_EQ("", read(100));
}

TEST_F(RecordTransportTest, SmallPiecesShareRecordsAndWrites) {
    establish();
    std::string text(100, 'x');
    std::vector<iovec> pieces(200, iovec{text.data(), text.size()});
    EXPECT_EQ(20000, transport_.write(pieces.data(), 200, false));
    EXPECT_EQ(1, socket_.writes);
    EXPECT_EQ(record(std::string(kRecord, 'x')) + record(std::string(20000 - kRecord, 'x')), socket_.output);
}

TEST_F(RecordTransportTest, AFullSocketIsOfferedTheSameBytesAgain) {
    establish();
    const std::string text(1000, 'y');
    socket_.room = 10;
    EXPECT_EQ(-EAGAIN, write(text));
    EXPECT_EQ(-EAGAIN, write(text));
    socket_.room = SIZE_MAX;
    EXPECT_EQ(1004, write(text + "more"));
    EXPECT_EQ(record(text) + record("more"), socket_.output);
}

TEST_F(RecordTransportTest, AllButTheLastBatchIsTaken) {
    establish();
    const std::string text(100000, 'z');
    const size_t batch = 4 * kRecord;
    socket_.room = batch + 4 * 5 + 7;  // and the beginning of the next
    EXPECT_EQ(static_cast<ssize_t>(batch), write(text));
    socket_.room = SIZE_MAX;
    EXPECT_EQ(static_cast<ssize_t>(text.size() - batch), write(std::string_view(text).substr(batch)));
    std::string payload;
    for (size_t at = 0; at < socket_.output.size();) {
        const uint32_t size =
            load_big<uint32_t>(reinterpret_cast<const uint8_t*>(socket_.output.data()) + at + 1);
        payload += socket_.output.substr(at + 5, size);
        at += 5 + size;
    }
    EXPECT_EQ(text, payload);
}

TEST_F(RecordTransportTest, MuchIsTakenInParts) {
    establish();
    const std::string text(1 << 20, 'q');
    const ssize_t taken = write(text);
    EXPECT_GT(taken, 100000);
    EXPECT_LT(taken, 1 << 20);
}

TEST_F(RecordTransportTest, Files) {
    establish();
    const FileDescriptor file(memfd_create("file", MFD_CLOEXEC));
    const std::string text(50000, 'f');
    ASSERT_EQ(50000, ::write(file.get(), text.data(), text.size()));
    socket_.room = 30000;
    EXPECT_EQ(-EAGAIN, transport_.send_file(file.get(), 1000, 49000));
    socket_.room = SIZE_MAX;
    EXPECT_EQ(49000, transport_.send_file(file.get(), 1000, 49000));
    EXPECT_EQ(49000u + 3 * 5, socket_.output.size());
    EXPECT_EQ(0, transport_.send_file(file.get(), 50000, 10));  // it is shorter than was promised
}

TEST_F(RecordTransportTest, TheLastWordsWaitForRoom) {
    establish();
    socket_.room = 0;
    EXPECT_FALSE(transport_.shutdown_write());
    EXPECT_FALSE(socket_.half_closed);
    socket_.room = SIZE_MAX;
    EXPECT_TRUE(transport_.shutdown_write());
    EXPECT_EQ("bye", socket_.output);
    EXPECT_TRUE(socket_.half_closed);
}

TEST_F(RecordTransportTest, APeerThatAsksForMoreThanItTakes) {
    establish();
    socket_.room = 0;
    std::string answer;
    for (int i = 0; i < 1000 && answer.find("error 71") == std::string::npos; ++i) {
        socket_.input = record("ask");
        answer = read(100);
    }
    EXPECT_EQ("error " + std::to_string(EPROTO), answer);
    EXPECT_EQ("the peer asks for more than it takes", transport_.error());
}

}  // namespace
}  // namespace marmoset::tls
