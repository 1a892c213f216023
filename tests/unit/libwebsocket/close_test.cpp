// The end of clients: each side says CLOSE once, whoever begins; what comes late is dropped; what the library
// closes itself is told to the program.
#include <stdexcept>

#include "fake_gateway.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using link::kBinary;
using link::kFirst;
using link::kLast;
using link::RecordType;

TEST(Close, ByTheGatewayIsToldAndAnsweredOnce) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"a"})");
    gateway.send(message(1, "part", kFirst) + close(1, 4321, "bye") + message(1, "late", kLast) + close(1) +
                 credit(1, 5));
    EXPECT_EQ(server.handler.event(), "closed a 4321 bye");
    gateway.expect(RecordType::Close, 1);
    gateway.expect_nothing();
    EXPECT_TRUE(server.handler.no_event());
    // The part was dropped with the client: the id begins anew.
    gateway.open_client(1);
    gateway.send(message(1, "new"));
    EXPECT_EQ(gateway.expect_message(1), "new");
}

TEST(Close, ByTheProgramWaitsForTheGatewaysOwn) {
    RunningServer server;
    server.handler.received = [&](Client& client, const Message&) {
        client.join("t");
        client.send("last words");
        client.close(4000, "because");
        EXPECT_FALSE(client.send("too late"));
        client.close(4001, "again");
        client.join("u");
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, "go") + message(1, "under way") + message(1, "more", kFirst));
    gateway.expect(RecordType::Join, 1);
    EXPECT_EQ(gateway.expect_message(1), "last words");
    const Received closed = gateway.expect(RecordType::Close, 1);
    EXPECT_EQ(closed.code, 4000);
    EXPECT_EQ(closed.payload, "because");
    // Late records, however wrong for an open client.
    gateway.send(message(1, "x", kLast) + message(1, "y", kFirst) + message(1, "z", kFirst) + credit(1, 1));
    server.on_server([&] { server.server().publish("t", "nobody is left"); });
    gateway.expect_nothing();
    EXPECT_EQ(server.clients(), 0u);
    gateway.send(close(1, 1000));
    gateway.expect_nothing();
    EXPECT_TRUE(server.handler.no_event());
    gateway.open_client(1);
}

TEST(Close, OfBothSidesAtOnceIsAnsweredByNeither) {
    RunningServer server;
    server.handler.received = [](Client& client, const Message&) { client.close(4000); };
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, "go") + close(1, 1001));
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 4000);
    gateway.expect_nothing();
    EXPECT_TRUE(server.handler.no_event());
    gateway.open_client(1);
}

TEST(Close, ComesBehindMessagesThatWaitForCredit) {
    RunningServer server;
    server.handler.received = [](Client& client, const Message&) {
        client.send(pattern(5000));
        client.send("small");
        client.close(4000, "done");
    };
    FakeGateway gateway(server.path(), true, 1000);
    gateway.open_client(1);
    gateway.send(message(1, "go"));
    std::string whole = gateway.expect(RecordType::Message, 1).payload;
    gateway.send(message(1, "dropped"));
    gateway.expect_nothing();
    gateway.credit_left[1] += 10000;
    gateway.send(credit(1, 10000));
    whole += gateway.expect(RecordType::Message, 1).payload;
    EXPECT_EQ(whole, pattern(5000));
    EXPECT_EQ(gateway.expect_message(1), "small");
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 4000);
    gateway.send(close(1));
    gateway.open_client(1);
}

TEST(Close, ByTheGatewayWhileOursWaitsForCredit) {
    RunningServer server;
    server.handler.received = [](Client& client, const Message&) {
        client.send(pattern(5000));
        client.close(4000);
    };
    FakeGateway gateway(server.path(), true, 1000);
    gateway.open_client(1);
    gateway.send(message(1, "go") + close(1, 1006));
    gateway.expect(RecordType::Message, 1);
    gateway.expect(RecordType::Close, 1);
    gateway.expect_nothing();
    EXPECT_TRUE(server.handler.no_event());
    gateway.open_client(1);
}

TEST(Close, OfAClientThatTakesNothingIsSentAfterTenSeconds) {
    RunningServer server;
    server.handler.received = [](Client& client, const Message&) {
        client.send(pattern(5000));
        client.close(4000);
    };
    FakeGateway gateway(server.path(), true, 1000);
    gateway.open_client(1);
    const auto begin = std::chrono::steady_clock::now();  // the server's clock starts later, if anything
    gateway.send(message(1, "go"));
    gateway.expect(RecordType::Message, 1);
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 4000);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(9800));
    gateway.send(close(1));
    gateway.open_client(1);
}

TEST(Close, CodesAndReasonsThatMayNotStandOnTheWireAreReplaced) {
    RunningServer server;
    server.handler.received = [](Client& client, const Message& message) {
        client.close(static_cast<uint16_t>(std::stoi(std::string(message.data))),
                     std::string(121, 'r') + "\xe2\x82\xac");
    };
    FakeGateway gateway(server.path());
    const std::pair<const char*, int> table[] = {
        {"1000", 1000}, {"999", 1011},  {"1004", 1011}, {"1005", 1011}, {"1006", 1011}, {"1014", 1014},
        {"1015", 1011}, {"2999", 1011}, {"3000", 3000}, {"4999", 4999}, {"5000", 1011}, {"0", 1011}};
    for (const auto& [code, sent] : table) {
        gateway.open_client(1);
        gateway.send(message(1, code));
        const Received closed = gateway.expect(RecordType::Close, 1);
        EXPECT_EQ(closed.code, sent) << code;
        EXPECT_EQ(closed.payload, std::string(121, 'r'));  // cut between characters
        gateway.send(close(1));
    }
}

TEST(Close, WithTooBigForAMessageBeyondTheLimit) {
    Options options;
    options.max_message = 1000;
    RunningServer server(options);
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"a"})");
    gateway.send(message(1, std::string(1000, 'x')) + message(1, std::string(1001, 'x')) +
                 message(1, "late"));
    EXPECT_EQ(gateway.expect_message(1), std::string(1000, 'x'));
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1009);
    EXPECT_EQ(server.handler.event(), "closed a 1009 message too big");
    gateway.send(close(1));
    gateway.open_client(1, R"({"id":"b"})");
    gateway.send(message(1, std::string(600, 'x'), kFirst | kBinary) + message(1, std::string(400, 'x'), 0) +
                 message(1, "", 0) + message(1, "y", 0) + message(1, "late", kLast) + message(1, "later"));
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1009);
    EXPECT_EQ(server.handler.event(), "closed b 1009 message too big");
    gateway.expect_nothing();
}

TEST(Close, FollowsAnExceptionOfTheProgram) {
    RunningServer server;
    server.handler.received = [](Client&, const Message& message) {
        if (message.data == "odd") throw 5;
        throw std::runtime_error("broken");
    };
    server.handler.opened = [](Client& client) {
        if (client.info().id == "bad") throw std::runtime_error("broken");
    };
    FakeGateway gateway(server.path());
    gateway.send(open(1, R"({"id":"bad"})"));
    EXPECT_EQ(gateway.expect(RecordType::Reject, 1).code, 500);
    gateway.open_client(2, R"({"id":"two"})");
    gateway.open_client(3, R"({"id":"three"})");
    gateway.send(message(2, "x"));
    EXPECT_EQ(gateway.expect(RecordType::Close, 2).code, 1011);
    EXPECT_EQ(server.handler.event(), "closed two 1011 internal error");
    gateway.send(message(3, "odd"));
    EXPECT_EQ(gateway.expect(RecordType::Close, 3).code, 1011);
    EXPECT_EQ(server.handler.event(), "closed three 1011 internal error");
}

TEST(Close, OfAnotherClientInsideACallback) {
    RunningServer server;
    std::map<std::string, Client*> clients;
    server.handler.opened = [&](Client& client) { clients[client.info().id] = &client; };
    server.handler.received = [&](Client& client, const Message&) {
        for (const char* name : {"b", "a"}) {
            if (clients[name] != &client) clients[name]->close(4000);
        }
        client.send("done");
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"a"})");
    gateway.open_client(2, R"({"id":"b"})");
    gateway.send(message(1, "go") + message(2, "too late"));
    EXPECT_EQ(gateway.expect(RecordType::Close, 2).code, 4000);
    EXPECT_EQ(gateway.expect_message(1), "done");
    gateway.expect_nothing();
}

TEST(Stop, ClosesEverybodyWithGoingAway) {
    RunningServer server;
    server.handler.opened = [](Client& client) {
        if (client.info().id == "d") client.defer();
    };
    FakeGateway gateway(server.path(), true, 1000), second(server.path());
    gateway.open_client(1, R"({"id":"a"})");
    second.open_client(1, R"({"id":"b"})");
    second.send(open(2, R"({"id":"d"})"));
    second.barrier();
    EXPECT_EQ(server.stop(), 0);
    const Received closed = gateway.expect(RecordType::Close, 1);
    EXPECT_EQ(closed.code, 1001);
    gateway.expect_end();
    Received first_of_two = second.next(), second_of_two = second.next();
    if (first_of_two.client == 2) std::swap(first_of_two, second_of_two);
    EXPECT_EQ(first_of_two.code, 1001);
    EXPECT_EQ(second_of_two.type, RecordType::Reject);
    EXPECT_EQ(second_of_two.code, 503);
    second.expect_end();
    EXPECT_EQ(server.handler.event(), "closed a 1001 ");
    EXPECT_EQ(server.handler.event(), "closed b 1001 ");
    EXPECT_TRUE(server.handler.no_event());
    EXPECT_FALSE(std::filesystem::exists(server.path()));
}

TEST(Stop, SendsWhatWaitsButNotForEver) {
    const auto begin = std::chrono::steady_clock::now();
    RunningServer server;
    FakeGateway gateway(server.path(), true, 1000);
    gateway.open_client(1, R"({"id":"a"})");
    gateway.open_client(2, R"({"id":"mute"})");
    gateway.send(message(1, pattern(3000)) + message(2, pattern(3000)));
    gateway.expect(RecordType::Message, 1);
    gateway.expect(RecordType::Message, 2);
    std::thread stopping([&] { server.stop(); });
    EXPECT_EQ(server.handler.event(), "closed a 1001 ");
    EXPECT_EQ(server.handler.event(), "closed mute 1001 ");
    gateway.credit_left[1] += 10000;
    gateway.send(open(3) + credit(1, 10000));
    EXPECT_EQ(gateway.expect(RecordType::Reject, 3).code, 503);
    gateway.expect(RecordType::Message, 1);
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1001);
    stopping.join();
    gateway.expect_end();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(kPatienceMs));
}

// The program may free what it keeps for a client with close(), whatever else has ended it in the same turn.
TEST(Close, IsNotToldWhenTheProgramClosesWhomTheLibraryIsEnding) {
    Options options;
    options.max_message = 1000;
    RunningServer server(options);
    Client* first = nullptr;
    server.handler.opened = [&](Client& client) {
        if (client.info().id == "one") first = &client;
    };
    server.handler.received = [&](Client&, const Message&) { first->close(4000); };
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"one"})");
    gateway.open_client(2, R"({"id":"two"})");
    gateway.send(message(1, std::string(1001, 'x')) + message(2, "close the other"));
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1009);
    EXPECT_EQ(server.clients(), 1u);
    EXPECT_TRUE(server.handler.no_event());
}

}  // namespace
}  // namespace marmoset::libwebsocket
