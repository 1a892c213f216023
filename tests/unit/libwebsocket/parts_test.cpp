// Messages in parts (Options::part_size, Client::send_part): what the program gets when, what leaves, and
// that one client's parts stay together.
#include "fake_gateway.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using link::kBinary;
using link::kFirst;
using link::kLast;
using link::RecordType;

Options in_parts_of(size_t size) {
    Options options;
    options.part_size = size;
    return options;
}

/// Notes each call as "F....L 123": first, last, size.
void note_parts(TestHandler& handler) {
    handler.received = [&handler](Client&, const Message& message) {
        handler.note(std::string(message.first ? "F" : "-") + (message.last ? "L " : "- ") +
                     std::to_string(message.data.size()));
    };
}

TEST(Parts, AreAtLeastThatLargeButForTheLast) {
    RunningServer server(in_parts_of(1000));
    note_parts(server.handler);
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, std::string(600, 'a'), kFirst));
    gateway.send(message(1, std::string(600, 'b'), 0));
    EXPECT_EQ(server.handler.event(), "F- 1200");
    gateway.send(message(1, std::string(999, 'c'), 0));
    gateway.expect_nothing();
    EXPECT_TRUE(server.handler.no_event());
    gateway.send(message(1, "d", 0));
    EXPECT_EQ(server.handler.event(), "-- 1000");
    gateway.send(message(1, std::string(5000, 'e'), 0));
    EXPECT_EQ(server.handler.event(), "-- 5000");
    gateway.send(message(1, "", kLast));
    EXPECT_EQ(server.handler.event(), "-L 0");
    gateway.send(message(1, std::string(5000, 'f')));
    EXPECT_EQ(server.handler.event(), "FL 5000");
}

TEST(Parts, OfSmallMessagesAreOne) {
    RunningServer server(in_parts_of(1000));
    note_parts(server.handler);
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, "one, ", kFirst) + message(1, "two, ", 0) + message(1, "three", kLast));
    EXPECT_EQ(server.handler.event(), "FL 15");
}

TEST(Parts, AreNotAskedForByDefault) {
    RunningServer server;
    note_parts(server.handler);
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, std::string(60000, 'a'), kFirst));
    gateway.send(message(1, std::string(60000, 'a'), kLast));
    EXPECT_EQ(server.handler.event(), "FL 120000");
}

TEST(Parts, TogetherMayNotPassTheLongestMessage) {
    Options options = in_parts_of(1000);
    options.max_message = 3000;
    RunningServer server(options);
    note_parts(server.handler);
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    for (int i = 0; i < 3; ++i)
        gateway.send(message(1, std::string(1000, 'a'), i == 0 ? kFirst : 0));
    EXPECT_EQ(server.handler.event(), "F- 1000");
    EXPECT_EQ(server.handler.event(), "-- 1000");
    EXPECT_EQ(server.handler.event(), "-- 1000");
    gateway.send(message(1, "b", kLast));
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1009);
    EXPECT_EQ(server.handler.event(), "closed c 1009 message too big");
}

TEST(Parts, SurviveAPause) {
    RunningServer server(in_parts_of(1000));
    note_parts(server.handler);
    Client* client = nullptr;
    server.handler.opened = [&](Client& opened) { client = &opened; };
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    server.on_server([&] { client->pause(); });
    gateway.send(message(1, std::string(1500, 'a'), kFirst) + message(1, std::string(1600, 'b'), 0) +
                 message(1, "c", kLast) + message(1, "d"));
    gateway.expect_nothing();
    EXPECT_TRUE(server.handler.no_event());
    server.on_server([&] { client->resume(); });
    EXPECT_EQ(server.handler.event(), "F- 1500");
    EXPECT_EQ(server.handler.event(), "-- 1600");
    EXPECT_EQ(server.handler.event(), "-L 1");
    EXPECT_EQ(server.handler.event(), "FL 1");
}

TEST(Parts, BecomeOneMessageAgain) {
    RunningServer server(in_parts_of(1000));
    server.handler.received = [](Client& client, const Message& message) {
        EXPECT_TRUE(client.send_part(message.data, message.type, message.last));
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    std::string sent, echo;
    for (int i = 0; i < 300000; ++i)
        sent += static_cast<char>('a' + i % 23);
    gateway.send_message(1, sent, true, &echo);
    for (bool last = false; !last;) {
        const Received received = gateway.next();
        if (received.type == RecordType::Credit) continue;
        ASSERT_EQ(received.type, RecordType::Message);
        EXPECT_NE(received.flags & kBinary, 0);
        gateway.send(credit(1, static_cast<uint32_t>(link::message_cost(received.payload.size()))));
        echo += received.payload;
        last = (received.flags & kLast) != 0;
    }
    EXPECT_EQ(echo, sent);
}

TEST(Parts, WaitForCreditInOrder) {
    RunningServer server;
    server.handler.received = [](Client& client, const Message&) {
        EXPECT_TRUE(client.send_part(std::string(900, 'a'), Type::Text, false));
        for (int i = 0; i < 1000; ++i)
            EXPECT_TRUE(client.send_part("b", Type::Text, false));
        EXPECT_TRUE(client.send_part(std::string(3000, 'c'), Type::Text, true));
        EXPECT_TRUE(client.send("next"));
    };
    FakeGateway gateway(server.path(), true, 1000);
    gateway.open_client(1);
    gateway.send(message(1, "go"));
    EXPECT_EQ(gateway.expect_message(1, true),
              std::string(900, 'a') + std::string(1000, 'b') + std::string(3000, 'c'));
    EXPECT_EQ(gateway.expect_message(1, true), "next");
}

TEST(Parts, KeepOtherMessagesOut) {
    RunningServer server;
    server.handler.received = [](Client& client, const Message&) {
        EXPECT_TRUE(client.send_part("one ", Type::Text, false));
        EXPECT_FALSE(client.send("between"));
        EXPECT_TRUE(client.send_part("two", Type::Text, true));
        EXPECT_TRUE(client.send("behind"));
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, "go"));
    EXPECT_EQ(gateway.expect_message(1), "one two");
    EXPECT_EQ(gateway.expect_message(1), "behind");
}

TEST(Parts, MayNotPassWhatTheGatewayTakes) {
    RunningServer server;
    server.handler.received = [](Client& client, const Message&) {
        EXPECT_TRUE(client.send_part(std::string(600, 'a'), Type::Text, false));
        EXPECT_FALSE(client.send_part(std::string(401, 'a'), Type::Text, true));
        client.close(1011);
    };
    FakeGateway gateway(server.path(), true, 262144, 1000);
    gateway.open_client(1);
    gateway.send(message(1, "go"));
    EXPECT_EQ(gateway.expect(RecordType::Message, 1).payload.size(), 600u);
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1011);
}

// A client that reads no answer before it has sent all of its message must not be waited for.
TEST(Parts, AreTakenThoughTheirAnswerIsNot) {
    Options options = in_parts_of(1000);
    options.window = 4096;
    RunningServer server(options);
    server.handler.received = [](Client& client, const Message& message) {
        client.send_part(message.data, message.type, message.last);
    };
    FakeGateway gateway(server.path(), true, 2000);
    gateway.open_client(1);
    size_t sent = 0;
    for (; sent < 100000; sent += 1000) {
        while (gateway.granted[1] < 1012)
            gateway.barrier();
        gateway.granted[1] -= 1012;
        gateway.send(message(1, std::string(1000, 'x'), sent == 0 ? kFirst : 0));
    }
    gateway.send(message(1, "", kLast));
    EXPECT_EQ(gateway.expect_message(1, true).size(), sent);
}

}  // namespace
}  // namespace marmoset::libwebsocket
