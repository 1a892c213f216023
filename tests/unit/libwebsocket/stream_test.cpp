// STREAM servers: payload bytes, one connection a client, what one read gives is one message.
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "fake_gateway.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

Options stream_options() {
    Options options;
    options.stream = true;
    return options;
}

// A connection of a gateway, or of any program that can connect to a socket.
class Peer {
  public:
    explicit Peer(const std::string& path) : socket_(connect_to(path, SOCK_STREAM)) { EXPECT_TRUE(socket_); }

    void send(std::string_view bytes) {
        ASSERT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    /// `size` bytes, or fewer when the stream ends.
    std::string receive(size_t size) {
        std::string bytes(size, '\0');
        size_t at = 0;
        while (at < size) {
            pollfd ready{socket_.get(), POLLIN, 0};
            if (poll(&ready, 1, kPatienceMs) <= 0) {
                ADD_FAILURE() << "nothing came from the server";
                break;
            }
            const ssize_t count = recv(socket_.get(), bytes.data() + at, size - at, 0);
            if (count <= 0) break;
            at += static_cast<size_t>(count);
        }
        bytes.resize(at);
        return bytes;
    }
    bool ended() { return receive(1).empty(); }
    void half_close() { shutdown(socket_.get(), SHUT_WR); }
    void close() { socket_.reset(); }
    int descriptor() const { return socket_.get(); }

  private:
    FileDescriptor socket_;
};

// Notes "text abc" or "binary abc" instead of echoing.
void note_messages(RunningServer& server) {
    server.handler.received = [&server](Client&, const Message& message) {
        server.handler.note((message.type == Type::Text ? "text " : "binary ") + std::string(message.data));
    };
}

TEST(Stream, Echoes) {
    RunningServer server(stream_options());
    server.handler.opened = [](Client& client) {
        EXPECT_TRUE(client.info().stream);
        EXPECT_FALSE(client.info().id.empty());
    };
    Peer peer(server.path()), other(server.path());
    peer.send("hello");
    EXPECT_EQ(peer.receive(5), "hello");
    other.send("\xff");
    EXPECT_EQ(other.receive(1), "\xff");
    EXPECT_EQ(server.clients(), 2u);
}

TEST(Stream, IsRefusedByTheOtherTypeOfSocket) {
    RunningServer server(stream_options());
    EXPECT_FALSE(connect_to(server.path(), SOCK_SEQPACKET));
    EXPECT_EQ(errno, EPROTOTYPE);
}

TEST(Stream, EchoesMoreThanTheSocketsHold) {
    RunningServer server(stream_options());
    Peer peer(server.path());
    const std::string data = pattern(20u << 20);
    std::thread sender([&] { peer.send(data); });
    EXPECT_TRUE(peer.receive(data.size()) == data);
    sender.join();
}

TEST(Stream, TellsTextFromBinary) {
    RunningServer server(stream_options());
    std::promise<void> rest;
    server.handler.received = [&](Client&, const Message& message) {
        server.handler.note((message.type == Type::Text ? "text " : "binary ") + std::string(message.data));
        if (message.type != Type::Text || message.data != "abc") return;
        rest.get_future().wait_for(std::chrono::milliseconds(kPatienceMs));
        std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the server is late
    };
    Peer peer(server.path());
    peer.send("caf\xc3\xa9");
    EXPECT_EQ(server.handler.event(), "text caf\xc3\xa9");
    // The cut character waits for its rest, which is there when the server looks again, however late that is.
    peer.send("abc\xe2\x82");
    EXPECT_EQ(server.handler.event(), "text abc");
    peer.send("\xac!");
    rest.set_value();
    EXPECT_EQ(server.handler.event(), "text \xe2\x82\xac!");
    peer.send("\xff");
    EXPECT_EQ(server.handler.event(), "binary \xff");
    peer.send("abc");
    EXPECT_EQ(server.handler.event(), "binary abc");
}

TEST(Stream, GivesAnUnfinishedCharacterAsBinaryWhenNothingFollows) {
    RunningServer server(stream_options());
    note_messages(server);
    Peer peer(server.path());
    peer.send("\xc3");
    EXPECT_EQ(server.handler.event(), "binary \xc3");
    peer.send("abc\xc3");
    EXPECT_EQ(server.handler.event(), "binary abc\xc3");
    Peer ending(server.path());
    ending.send("x\xf0\x9f\x98");
    ending.half_close();
    EXPECT_EQ(server.handler.event(), "text x");
    EXPECT_EQ(server.handler.event(), "binary \xf0\x9f\x98");
    EXPECT_EQ(server.handler.event(), "closed stream-2 1005 ");
}

TEST(Stream, AnswersAPeerThatHasHalfClosed) {
    RunningServer server(stream_options());
    Peer peer(server.path());
    const std::string data = pattern(3u << 20);
    std::thread sender([&] {
        peer.send(data);
        peer.half_close();
    });
    EXPECT_TRUE(peer.receive(data.size() + 1) == data);
    sender.join();
    std::string event = server.handler.event();
    while (event == "drained stream-1")
        event = server.handler.event();
    EXPECT_EQ(event, "closed stream-1 1005 ");
}

TEST(Stream, TellsWhenAPeerHasGone) {
    RunningServer server(stream_options());
    Peer peer(server.path());
    peer.send("x");
    EXPECT_EQ(peer.receive(1), "x");
    peer.close();
    EXPECT_EQ(server.handler.event(), "closed stream-1 1005 ");
    EXPECT_EQ(server.clients(), 0u);
}

TEST(Stream, ClosesBehindWhatWasSent) {
    RunningServer server(stream_options());
    server.handler.received = [](Client& client, const Message& message) {
        client.send(message.data);
        client.close(4000, "unheard");
        EXPECT_FALSE(client.send("late"));
    };
    Peer peer(server.path());
    peer.send("bye");
    EXPECT_EQ(peer.receive(4), "bye");
    EXPECT_TRUE(server.handler.no_event());
}

TEST(Stream, RejectsAndDefers) {
    RunningServer server(stream_options());
    Client* waiting = nullptr;
    unsigned count = 0;
    server.handler.opened = [&](Client& client) {
        if (++count == 1) {
            client.reject(403);
        } else {
            waiting = &client;
            client.defer();
        }
        server.handler.note("opened");
    };
    Peer refused(server.path());
    EXPECT_TRUE(refused.ended());
    EXPECT_EQ(server.handler.event(), "opened");
    Peer patient(server.path());
    patient.send("early");
    EXPECT_EQ(server.handler.event(), "opened");
    server.on_server([&] {
        EXPECT_FALSE(waiting->send("too early"));
        waiting->accept();
        EXPECT_TRUE(waiting->send("welcome "));
    });
    EXPECT_EQ(patient.receive(13), "welcome early");
}

TEST(Stream, RefusesMoreClientsThanAllowed) {
    Options options = stream_options();
    options.max_clients = 1;
    RunningServer server(options);
    Peer first(server.path());
    first.send("x");
    EXPECT_EQ(first.receive(1), "x");
    Peer second(server.path());
    EXPECT_TRUE(second.ended());
}

TEST(Stream, PublishesToThoseWhoJoined) {
    RunningServer server(stream_options());
    server.handler.received = [&](Client& client, const Message& message) {
        if (message.data == "+") client.join("t");
        if (message.data == "-") client.leave("t");
        if (message.data == "go") server.server().publish("t", "news", Type::Text, &client);
        client.send("ok");
    };
    Peer first(server.path()), second(server.path()), third(server.path());
    first.send("+");
    EXPECT_EQ(first.receive(2), "ok");
    second.send("+");
    EXPECT_EQ(second.receive(2), "ok");
    first.send("go");
    EXPECT_EQ(first.receive(2), "ok");
    EXPECT_EQ(second.receive(4), "news");
    second.send("-");
    EXPECT_EQ(second.receive(2), "ok");
    third.send("go");
    EXPECT_EQ(third.receive(2), "ok");
    EXPECT_EQ(first.receive(4), "news");
    second.send("x");
    EXPECT_EQ(second.receive(2), "ok");  // and no news before it
}

// What is sent to it waits; what is published does not.
TEST(Stream, ClosesWhoReadsTooSlowlyForWhatIsPublished) {
    Options options = stream_options();
    options.queue = 300000;
    RunningServer server(options);
    Client* sleeper = nullptr;
    server.handler.received = [&](Client& client, const Message& message) {
        client.join("t");
        if (message.data == "sleeper") sleeper = &client;
        client.send("ok");
    };
    Peer peer(server.path()), other(server.path());
    peer.send("sleeper");
    EXPECT_EQ(peer.receive(2), "ok");
    other.send("other");
    EXPECT_EQ(other.receive(2), "ok");
    size_t published = 0;
    bool closed = false;
    for (; published < 1000 && !closed; ++published) {
        server.on_server([&] {
            server.server().publish("t", std::string(10000, 'x'));
            closed = !sleeper->send("");
        });
        EXPECT_EQ(other.receive(10000), std::string(10000, 'x'));
    }
    EXPECT_TRUE(closed);
    EXPECT_GE(published, 30u);
    EXPECT_EQ(server.handler.event(), "closed stream-1 1013 ");
    EXPECT_EQ(server.clients(), 1u);
}

// Sends without reading, until the server takes no more: what it took is bounded by the buffers and the
// window.
TEST(Stream, TakesNoMoreFromAPeerThatDoesNotRead) {
    Options options = stream_options();
    options.window = 100000;
    RunningServer server(options);
    Client* client = nullptr;
    server.handler.opened = [&](Client& opened) { client = &opened; };
    Peer peer(server.path());
    const std::string piece = pattern(50000);
    std::string sent;
    for (size_t waiting = 0; waiting <= 100000;) {
        const ssize_t count =
            ::send(peer.descriptor(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) {
            sent.append(piece, 0, static_cast<size_t>(count));
            ASSERT_LT(sent.size(), 8u << 20);
        } else {  // the server's turn
            server.on_server([&] { waiting = client ? client->buffered_amount() : 0; });
        }
    }
    server.on_server([&] {
        EXPECT_GT(client->buffered_amount(), 100000u);
        EXPECT_LE(client->buffered_amount(), 2u * 100000);
        EXPECT_EQ(client->credit(), 0u);
    });
    EXPECT_TRUE(peer.receive(sent.size()) == sent);
    EXPECT_EQ(server.handler.event(), "drained stream-1");
    peer.send("again");
    EXPECT_EQ(peer.receive(5), "again");
}

TEST(Stream, PausesAndResumes) {
    RunningServer server(stream_options());
    Client* first = nullptr;
    server.handler.opened = [&](Client& opened) {
        if (!first) first = &opened;
    };
    note_messages(server);
    Peer peer(server.path());
    peer.send("a");
    EXPECT_EQ(server.handler.event(), "text a");
    server.on_server([&] { first->pause(); });
    server.on_server([] {});  // the end of that turn has come
    peer.send("b");
    Peer other(server.path());
    other.send("c");
    EXPECT_EQ(server.handler.event(), "text c");  // though "b" was there before it
    server.on_server([&] { first->resume(); });
    EXPECT_EQ(server.handler.event(), "text b");
}

TEST(Stream, StopEndsTheStreams) {
    RunningServer server(stream_options());
    Peer peer(server.path());
    peer.send("x");
    EXPECT_EQ(peer.receive(1), "x");
    EXPECT_EQ(server.stop(), 0);
    EXPECT_TRUE(peer.ended());
    EXPECT_EQ(server.handler.event(), "closed stream-1 1001 ");
    EXPECT_FALSE(std::filesystem::exists(server.path()));
}

TEST(Stream, AnExceptionEndsOneClient) {
    RunningServer server(stream_options());
    server.handler.received = [](Client& client, const Message& message) {
        if (message.data == "throw") throw 1;
        client.send(message.data);
    };
    Peer peer(server.path()), other(server.path());
    other.send("x");
    EXPECT_EQ(other.receive(1), "x");
    peer.send("throw");
    EXPECT_TRUE(peer.ended());
    const std::string event = server.handler.event();
    EXPECT_NE(event.find(" 1011 "), std::string::npos) << event;
    other.send("y");
    EXPECT_EQ(other.receive(1), "y");
}

}  // namespace
}  // namespace marmoset::libwebsocket
