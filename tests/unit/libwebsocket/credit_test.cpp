// Credit in both directions, to the byte: what the server may send, when it gives credit back, when it does
// not; and what keeps its memory bounded when the other side does not read.
#include "fake_gateway.h"
#include "libwebsocket/link.h"
#include "libwebsocket/link_server.h"
#include "libwebsocket/listen_socket.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using link::kFirst;
using link::kLast;
using link::RecordType;

uint32_t granted_by(const Received& received) {
    return load<uint32_t>(reinterpret_cast<const uint8_t*>(received.payload.data()));
}

TEST(Credit, ComesBackWhenHalfTheWindowIsDue) {
    Options options;
    options.window = 4096;
    RunningServer server(options);
    server.handler.received = [](Client&, const Message&) {};
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 14; ++i)  // 14 * 137 = 1918 < 2048
            gateway.send(message(1, std::string(125, 'x')));
        gateway.expect_nothing();
        gateway.send(message(1, std::string(125, 'x')));
        EXPECT_EQ(granted_by(gateway.expect(RecordType::Credit, 1)), 15u * 137);
    }
    // To the byte: one below half, then half.
    gateway.send(message(1, std::string(2048 - 12 - 1, 'x')));
    gateway.expect_nothing();
    gateway.send(message(1, ""));
    EXPECT_EQ(granted_by(gateway.expect(RecordType::Credit, 1)), 2047u + 12);
    gateway.send(message(1, std::string(2048 - 12, 'x')));
    EXPECT_EQ(granted_by(gateway.expect(RecordType::Credit, 1)), 2048u);
}

TEST(Credit, ComesBackWhileAMessageIsPutTogether) {
    Options options;
    options.window = 2000;
    RunningServer server(options);
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, std::string(1988, 'a'), kFirst));
    EXPECT_EQ(granted_by(gateway.expect(RecordType::Credit, 1)), 2000u);
    gateway.send(message(1, std::string(1988, 'b'), 0));
    EXPECT_EQ(granted_by(gateway.expect(RecordType::Credit, 1)), 2000u);
    gateway.send(message(1, "c", kLast));
    EXPECT_EQ(gateway.expect_message(1).size(), 2u * 1988 + 1);
}

TEST(Credit, MayBeSpentToTheLastByteButNotBeyond) {
    Options options;
    options.window = 2000;
    RunningServer server(options);
    server.handler.received = [&](Client&, const Message& message) {
        server.handler.note(std::to_string(message.data.size()));
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"a"})");
    gateway.send(message(1, std::string(1988 / 2, 'x')) + message(1, std::string(1988 / 2 - 12, 'x')));
    EXPECT_EQ(server.handler.event(), "994");
    EXPECT_EQ(server.handler.event(), "982");
    gateway.expect(RecordType::Credit, 1);
    gateway.expect_nothing();
    gateway.send(message(1, std::string(2000 - 12 + 1, 'x')));
    gateway.expect_end();
    EXPECT_EQ(server.handler.event(), "closed a 1006 the gateway has gone");
}

TEST(Credit, IsNeverOverdrawnByTheServer) {
    RunningServer server;
    FakeGateway gateway(server.path(), true, 1000);
    gateway.open_client(1);
    gateway.send(message(1, pattern(988)));  // to the last byte
    EXPECT_EQ(gateway.expect_message(1), pattern(988));
    EXPECT_EQ(gateway.credit_left[1], 0);
    gateway.send(message(1, pattern(2000)) + message(1, "next"));
    gateway.expect_nothing();
    EXPECT_EQ(server.clients(), 1u);
    // Byte by byte: parts come when they are worth a record, half the window here.
    gateway.credit_left[1] += 499;
    gateway.send(credit(1, 499));
    gateway.expect_nothing();
    gateway.credit_left[1] += 1;
    gateway.send(credit(1, 1));
    Received part = gateway.expect(RecordType::Message, 1);
    EXPECT_EQ(part.flags, kFirst);
    EXPECT_EQ(part.payload, pattern(2000).substr(0, 488));
    gateway.expect_nothing();
    // The other message does not begin before this one has ended.
    gateway.credit_left[1] += 100000;
    gateway.send(credit(1, 100000));
    part = gateway.expect(RecordType::Message, 1);
    EXPECT_EQ(part.flags, kLast);
    EXPECT_EQ(part.payload, pattern(2000).substr(488));
    EXPECT_EQ(gateway.expect_message(1), "next");
}

TEST(Credit, IsWithheldFromAClientThatDoesNotRead) {
    for (const size_t size : {0u, 1u, 100u, 1000u, 3000u}) {
        SCOPED_TRACE(size);
        Options options;
        options.window = 8192;
        RunningServer server(options);
        FakeGateway gateway(server.path(), true, 4096);
        Client* client = nullptr;
        server.handler.opened = [&](Client& opened) {
            if (opened.info().id == "mute") client = &opened;
        };
        gateway.open_client(1, R"({"id":"mute"})");
        gateway.open_client(2);
        // All that the server lets us send, without a CREDIT of ours for the echoes.
        uint64_t sent = 0;
        unsigned count = 0;
        for (;;) {
            while (gateway.granted[1] >= static_cast<int64_t>(link::message_cost(size))) {
                gateway.send(message(1, pattern(size, ++count)));
                gateway.granted[1] -= static_cast<int64_t>(link::message_cost(size));
                sent += link::message_cost(size);
                ASSERT_LT(sent, 100000u);
            }
            gateway.barrier();
            if (gateway.granted[1] < static_cast<int64_t>(link::message_cost(size))) break;
        }
        // What left for our window, what may wait, and what may be under way when the limit is passed.
        EXPECT_LE(sent, 4096u + 8192 + 8192 + size);
        EXPECT_GE(sent, 8192u);
        server.on_server([&] {
            EXPECT_LE(client->buffered_amount(), 2u * 8192 + size);
            EXPECT_GT(client->buffered_amount(), 0u);
        });
        // Another client is not concerned.
        gateway.credit_left[1] += 1 << 20;
        gateway.send(message(2, "me?"));
        // It reads at last: everything comes, in order, and the credit comes back.
        gateway.send(credit(1, 1 << 20));
        bool answered = false;
        uint64_t credits = 0;
        for (unsigned i = 1; i <= count;) {
            const Received received = gateway.next();
            if (received.type == RecordType::Credit) {
                ++credits;
            } else if (received.client == 2) {
                answered = true;
            } else {
                std::string whole = received.payload;
                while (whole.size() < size)
                    whole += gateway.expect(RecordType::Message, 1).payload;
                ASSERT_EQ(whole, pattern(size, i)) << i;
                ++i;
            }
        }
        gateway.barrier();
        EXPECT_TRUE(answered);
        EXPECT_GE(gateway.granted[1], 8192 / 2);
        EXPECT_EQ(server.handler.event(), "drained mute");
        server.on_server([&] { EXPECT_EQ(client->buffered_amount(), 0u); });
    }
}

// The program forwards to others, so the library can't know when to stop: pause() keeps what is under way.
TEST(Credit, IsWithheldFromAPausedClient) {
    Options options;
    options.window = 2000;
    RunningServer server(options);
    Client* client = nullptr;
    server.handler.opened = [&](Client& opened) {
        client = &opened;
        client->accept();
        client->pause();
    };
    server.handler.received = [&](Client& sender, const Message& message) {
        sender.send(message.data);
        if (message.data == "one") sender.pause();
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, "one") + message(1, std::string(1900, 'x'), kFirst) + message(1, "y", kLast));
    gateway.expect_nothing();
    server.on_server([&] { client->resume(); });
    EXPECT_EQ(gateway.expect_message(1), "one");
    gateway.expect_nothing();
    server.on_server([&] { client->resume(); });
    EXPECT_EQ(gateway.expect(RecordType::Message, 1).payload, std::string(1900, 'x') + "y");
    EXPECT_EQ(granted_by(gateway.expect(RecordType::Credit, 1)), 15u + 1912 + 13);
    gateway.send(message(1, "two"));
    EXPECT_EQ(gateway.expect_message(1), "two");
}

TEST(Credit, AClientClosedWhileItsHeldMessagesAreDelivered) {
    RunningServer server;
    Client* client = nullptr;
    server.handler.opened = [&](Client& opened) {
        client = &opened;
        client->accept();
        client->pause();
    };
    server.handler.received = [&](Client& sender, const Message& message) {
        sender.close(4000, "enough");
        server.handler.note(std::string(message.data));  // still there
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, std::string(5000, 'x')) + message(1, "never delivered"));
    gateway.expect_nothing();
    server.on_server([&] { client->resume(); });
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 4000);
    EXPECT_EQ(server.handler.event(), std::string(5000, 'x'));
    EXPECT_TRUE(server.handler.no_event());
}

TEST(Credit, TellsHowMuchWaitsAndHowMuchMayLeave) {
    RunningServer server;
    server.handler.received = [&](Client& client, const Message&) {
        server.handler.note(std::to_string(client.credit()));
        EXPECT_TRUE(client.send(std::string(100, 'x')));
        server.handler.note(std::to_string(client.credit()) + " " + std::to_string(client.buffered_amount()));
        EXPECT_TRUE(client.send(std::string(1000, 'y')));
        server.handler.note(std::to_string(client.buffered_amount()));
    };
    FakeGateway gateway(server.path(), true, 200);
    gateway.open_client(1, R"({"id":"a"})");
    gateway.send(message(1, ""));
    EXPECT_EQ(server.handler.event(), "200");
    EXPECT_EQ(server.handler.event(), "88 0");
    EXPECT_EQ(server.handler.event(), "1012");
    gateway.credit_left[1] += 10000;
    gateway.send(credit(1, 10000));
    EXPECT_EQ(gateway.expect_message(1), std::string(100, 'x'));
    EXPECT_EQ(gateway.expect_message(1), std::string(1000, 'y'));
    EXPECT_EQ(server.handler.event(), "drained a");
}

TEST(Credit, RefusesWhatTheGatewayDoesNotTake) {
    RunningServer server;
    server.handler.received = [&](Client& client, const Message& message) {
        server.handler.note(client.send(message.data) ? "sent" : "refused");
    };
    FakeGateway gateway(server.path(), true, 262144, 1000);
    gateway.open_client(1);
    gateway.send(message(1, std::string(1001, 'x')) + message(1, std::string(1000, 'y')));
    EXPECT_EQ(server.handler.event(), "refused");
    EXPECT_EQ(server.handler.event(), "sent");
    EXPECT_EQ(gateway.expect_message(1), std::string(1000, 'y'));
}

// After five seconds: what it has not been given the time to read does not count.
TEST(Credit, AGatewayThatDoesNotReadLosesItsLink) {
    RunningServer server;
    server.handler.opened = [](Client& client) { client.join("t"); };
    FakeGateway stuck(server.path()), other(server.path());
    stuck.open_client(1, R"({"id":"stuck"})");
    stuck.expect(RecordType::Join, 1);
    other.open_client(1, R"({"id":"other"})");
    other.expect(RecordType::Join, 1);
    const std::string data(60000, 'x');
    size_t published = 0;
    const auto began = std::chrono::steady_clock::now();
    const auto publish = [&] {
        server.on_server([&] { server.server().publish("t", data); });
        EXPECT_EQ(other.expect(RecordType::Publish, 0).payload.size(), 3 + data.size());
        published += data.size();
    };
    while (published < Link::kMaxUnsent + (4u << 20))  // the limit and the socket's buffer
        publish();
    while (server.handler.no_event()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));  // or its memory is full before
        publish();
        ASSERT_LT(published, 128u << 20);
    }
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(Link::kMostStalledMs));
    EXPECT_EQ(server.handler.event(), "closed stuck 1006 the gateway has gone");
    stuck.expect_end();
    other.send(message(1, "here"));
    EXPECT_EQ(other.expect_message(1), "here");
}

// On the test's own thread, with a small account of memory.
TEST(Credit, MemoryOfAllClientsTogetherIsBounded) {
    constexpr uint64_t kLimit = 1u << 20;
    TemporaryFolder folder;
    Options options;
    options.directory = folder.path();
    options.name = "test";
    TestHandler handler;
    auto socket = ListenSocket::open(options);
    ASSERT_TRUE(socket) << socket.error().text;
    net::Loop loop;
    loop.set_memory_limit(kLimit);
    Context context{loop, options, handler};
    LinkServer server(context, socket->descriptor());
    FakeGateway gateway(socket->path(), false);
    uv_run(loop.uv(), UV_RUN_NOWAIT);
    gateway.hello(1000, 16u << 20);
    std::string packet;
    for (uint32_t id = 1; id <= 40; ++id)
        packet += open(id, "{\"id\":\"" + std::to_string(id) + "\"}");
    gateway.send(packet);
    uv_run(loop.uv(), UV_RUN_NOWAIT);
    unsigned closed = 0;
    for (uint32_t id = 1; id <= 40; ++id) {
        gateway.send(message(id, std::string(100000, 'x')));
        uv_run(loop.uv(), UV_RUN_NOWAIT);
        EXPECT_LE(loop.queued_memory(), kLimit + 2 * 100000);
        if (!handler.no_event()) {
            EXPECT_EQ(handler.event(), "closed " + std::to_string(id) + " 1013 out of memory for messages");
            ++closed;
        }
    }
    EXPECT_GE(closed, 28u);  // 10 or 11 echoes fill the account
    EXPECT_LE(closed, 30u);
    server.abandon();
    socket->remove();
}

}  // namespace
}  // namespace marmoset::libwebsocket
