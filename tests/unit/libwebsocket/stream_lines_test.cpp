// STREAM servers that speak in lines: one text message a line; what can't travel as one is not sent.
#include <poll.h>
#include <sys/socket.h>

#include "fake_gateway.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

Options line_options(size_t max_message = 1000) {
    Options options;
    options.stream = true;
    options.framing = websocket_server::Framing::Lines;
    options.max_message = max_message;
    return options;
}

class Peer {
  public:
    explicit Peer(const std::string& path) : socket_(connect_to(path, SOCK_STREAM)) { EXPECT_TRUE(socket_); }

    void send(std::string_view bytes) {
        ASSERT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    /// Everything until `size` bytes have come or the stream ends.
    std::string receive(size_t size) {
        std::string bytes;
        while (bytes.size() < size) {
            pollfd ready{socket_.get(), POLLIN, 0};
            if (poll(&ready, 1, kPatienceMs) <= 0) {
                ADD_FAILURE() << "nothing came from the server";
                break;
            }
            char piece[4096];
            const ssize_t count = recv(socket_.get(), piece, std::min(sizeof piece, size - bytes.size()), 0);
            if (count <= 0) break;
            bytes.append(piece, static_cast<size_t>(count));
        }
        return bytes;
    }
    void half_close() { shutdown(socket_.get(), SHUT_WR); }

  private:
    FileDescriptor socket_;
};

TEST(StreamLines, Echoes) {
    RunningServer server(line_options());
    Peer peer(server.path());
    peer.send("one\n\nthr");
    EXPECT_EQ(peer.receive(5), "one\n\n");
    peer.send("ee\r\n");
    EXPECT_EQ(peer.receive(6), "three\n");
    const std::string large(1000, 'x');
    peer.send(large + "\n");
    EXPECT_EQ(peer.receive(1001), large + "\n");
}

TEST(StreamLines, AnUnfinishedLineIsNoMessage) {
    RunningServer server(line_options());
    Peer peer(server.path());
    peer.send("one\ntw");
    peer.half_close();
    EXPECT_EQ(peer.receive(100), "one\n");
}

TEST(StreamLines, SendsNothingThatIsNoLine) {
    RunningServer server(line_options());
    server.handler.received = [&](Client& client, const Message&) {
        EXPECT_FALSE(client.send("two\nlines"));
        EXPECT_FALSE(client.send("binary", Type::Binary));
        EXPECT_TRUE(client.send("line"));
    };
    Peer peer(server.path());
    peer.send("x\n");
    EXPECT_EQ(peer.receive(5), "line\n");
}

TEST(StreamLines, EndsAPeerThatBreaksTheRules) {
    for (const std::string& bad : {std::string(1001, 'x') + "\n", std::string("\xff\n")}) {
        RunningServer server(line_options());
        Peer peer(server.path());
        peer.send("good\n" + bad);
        EXPECT_EQ(peer.receive(100), "good\n");
        Peer other(server.path());
        other.send("fine\n");
        EXPECT_EQ(other.receive(5), "fine\n");
    }
}

TEST(StreamLines, PausesBetweenTheLinesOfARead) {
    RunningServer server(line_options());
    server.handler.received = [&](Client& from, const Message& message) {
        server.handler.note(std::string(message.data));
        if (message.data == "pause") from.pause();
    };
    Peer peer(server.path());
    peer.send("one\npause\ntwo\npause\nthree\nfo");
    EXPECT_EQ(server.handler.event(), "one");
    EXPECT_EQ(server.handler.event(), "pause");
    Peer other(server.path());
    other.send("other\n");
    EXPECT_EQ(server.handler.event(), "other");  // though "two" was there before it
}

TEST(StreamLines, ResumesWhereItPaused) {
    RunningServer server(line_options());
    Client* client = nullptr;
    server.handler.received = [&](Client& from, const Message& message) {
        client = &from;
        server.handler.note(std::string(message.data));
        if (message.data == "pause") from.pause();
    };
    Peer peer(server.path());
    peer.send("pause\ntwo\npause\nthree\nfo");
    EXPECT_EQ(server.handler.event(), "pause");
    server.on_server([&] { client->resume(); });
    EXPECT_EQ(server.handler.event(), "two");
    EXPECT_EQ(server.handler.event(), "pause");
    server.on_server([&] { client->resume(); });
    EXPECT_EQ(server.handler.event(), "three");
    peer.send("ur\n");
    EXPECT_EQ(server.handler.event(), "four");
}

}  // namespace
}  // namespace marmoset::libwebsocket
