// The link as a gateway sees it: HELLO, OPEN and its answers, messages of every size in every cut, several
// clients and links, and what ends a link.
#include <algorithm>

#include "fake_gateway.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using link::kBinary;
using link::kFirst;
using link::kLast;
using link::RecordType;

TEST(Link, SaysHelloBeforeItIsSpokenTo) {
    Options options;
    options.window = 5000;
    options.max_message = 70000;
    options.software = "test/1";
    RunningServer server(options);
    FakeGateway gateway(server.path());
    EXPECT_EQ(gateway.server_window, 5000u);
    EXPECT_EQ(gateway.server_max_message, 70000u);
    EXPECT_EQ(gateway.server_software, "test/1");
}

TEST(Link, EchoesWithTheTypeItCameWith) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, "text") + message(1, std::string("\0\xff", 2), kFirst | kLast | kBinary) +
                 message(1, ""));
    bool binary = true;
    EXPECT_EQ(gateway.expect_message(1, false, &binary), "text");
    EXPECT_FALSE(binary);
    EXPECT_EQ(gateway.expect_message(1, false, &binary), std::string("\0\xff", 2));
    EXPECT_TRUE(binary);
    EXPECT_EQ(gateway.expect_message(1, false, &binary), "");
    EXPECT_FALSE(binary);
}

TEST(Link, TellsTheProgramWhatOpenSays) {
    RunningServer server;
    server.handler.opened = [&](Client& client) {
        const auto& info = client.info();
        server.handler.note(info.id + "|" + info.uri + "|" + info.path_info + "|" + info.query + "|" +
                            info.protocols.at(1) + "|" + info.origin + "|" + info.host + "|" + info.user +
                            "|" + info.remote_address + "|" + std::to_string(info.remote_port) + "|" +
                            info.tls_version + "|" + info.headers.at(0).second);
    };
    FakeGateway gateway(server.path());
    gateway.open_client(
        1,
        R"({"id":"i","uri":"/u","path_info":"/p","query":"q","protocols":["a","b"],"origin":"o","host":"h","user":"w",)"
        R"("remote":{"address":"192.0.2.1","port":4},"tls":{"version":"TLSv1.3"},"headers":{"X":"y"},"direct":false})");
    EXPECT_EQ(server.handler.event(), "i|/u|/p|q|b|o|h|w|192.0.2.1|4|TLSv1.3|y");
}

TEST(Link, AcceptsWithASubprotocolThatWasOffered) {
    RunningServer server;
    server.handler.opened = [](Client& client) {
        client.accept(client.info().id);
        client.accept("again");  // answered already
        client.reject(403);
        client.send("welcome");
    };
    FakeGateway gateway(server.path());
    gateway.send(open(1, R"({"id":"b","protocols":["a","b"]})"));
    EXPECT_EQ(gateway.expect(RecordType::Accept, 1).payload, "b");
    EXPECT_EQ(gateway.expect_message(1), "welcome");
    gateway.send(open(2, R"({"id":"c","protocols":["a","b"]})"));
    EXPECT_EQ(gateway.expect(RecordType::Accept, 2).payload, "");
}

TEST(Link, RejectsAndFreesTheIdWithTheGatewaysClose) {
    RunningServer server;
    server.handler.opened = [](Client& client) {
        client.join("never");
        client.reject(client.info().id == "odd" ? 200 : 403, "not you");
        EXPECT_FALSE(client.send("late"));
    };
    FakeGateway gateway(server.path());
    gateway.send(open(1));
    const Received refused = gateway.expect(RecordType::Reject, 1);
    EXPECT_EQ(refused.code, 403);
    EXPECT_EQ(refused.payload, "not you");
    gateway.send(close(1));
    gateway.send(open(1, R"({"id":"odd"})"));
    EXPECT_EQ(gateway.expect(RecordType::Reject, 1).code, 500);
    server.on_server([&] { server.server().publish("never", "x"); });
    gateway.expect_nothing();
    EXPECT_TRUE(server.handler.no_event());
    EXPECT_EQ(server.clients(), 0u);
}

TEST(Link, WaitsForADeferredAnswer) {
    RunningServer server;
    Client* waiting = nullptr;
    server.handler.opened = [&](Client& client) {
        waiting = &client;
        client.defer();
        EXPECT_FALSE(client.send("too early"));
    };
    FakeGateway gateway(server.path());
    gateway.send(open(1));
    gateway.expect_nothing();
    server.on_server([&] { waiting->accept(); });
    gateway.expect(RecordType::Accept, 1);
    gateway.send(open(2));
    gateway.expect_nothing();
    server.on_server([&] { waiting->reject(404); });
    EXPECT_EQ(gateway.expect(RecordType::Reject, 2).code, 404);
    // A client that leaves before the answer.
    gateway.send(open(3, R"({"id":"gone"})"));
    gateway.send(close(3, 1006));
    gateway.expect(RecordType::Close, 3);
    EXPECT_EQ(server.handler.event(), "closed gone 1006 ");
}

TEST(Link, RefusesMoreClientsThanAllowed) {
    Options options;
    options.max_clients = 2;
    RunningServer server(options);
    FakeGateway first(server.path()), second(server.path());
    first.open_client(1);
    second.open_client(1);
    first.send(open(2));
    EXPECT_EQ(first.expect(RecordType::Reject, 2).code, 503);
    first.send(close(2));
    second.send(close(1));
    second.expect(RecordType::Close, 1);
    first.open_client(2);
}

TEST(Link, TakesAnyId) {
    RunningServer server;
    FakeGateway gateway(server.path());
    const uint32_t ids[] = {1, 2, 1000, 65535, 65536, 1u << 24, 0xffffffffu};
    for (int round = 0; round < 2; ++round) {
        for (const uint32_t id : ids)
            gateway.open_client(id);
        EXPECT_EQ(server.clients(), std::size(ids));
        for (const uint32_t id : ids) {
            gateway.send(message(id, std::to_string(id)));
            EXPECT_EQ(gateway.expect_message(id), std::to_string(id));
        }
        for (const uint32_t id : ids) {
            gateway.send(close(id));
            gateway.expect(RecordType::Close, id);
        }
    }
}

TEST(Link, KeepsClientsAndLinksApart) {
    RunningServer server;
    FakeGateway first(server.path()), second(server.path());
    first.open_client(1);
    first.open_client(2);
    second.open_client(1);
    first.send(message(1, "a1", kFirst) + message(2, "b1", kFirst | kBinary) + message(1, "a2", 0));
    second.send(message(1, "c1", kFirst));
    first.send(message(2, "b2", kLast));
    EXPECT_EQ(first.expect_message(2), "b1b2");
    second.send(message(1, "c2", kLast));
    EXPECT_EQ(second.expect_message(1), "c1c2");
    first.send(message(1, "a3", kLast));
    EXPECT_EQ(first.expect_message(1), "a1a2a3");
}

struct Sizes {
    uint64_t our_window, server_window;
};

class LinkSizes : public testing::TestWithParam<Sizes> {};

TEST_P(LinkSizes, EchoesEverySizeWithinTheCredit) {
    Options options;
    options.window = GetParam().server_window;
    RunningServer server(options);
    FakeGateway gateway(server.path(), true, GetParam().our_window);
    gateway.open_client(7);
    unsigned seed = 0;
    for (const size_t size :
         {0ul, 1ul, 125ul, 4095ul, 4096ul, 4097ul, 8191ul, 8192ul, 65523ul, 65524ul, 65525ul, 65536ul,
          131059ul, 131060ul, 131061ul, 262120ul, 262144ul, 1000000ul}) {
        SCOPED_TRACE(size);
        if (size > 70000 && GetParam().our_window < 1000) continue;  // in records of 20 bytes
        const std::string sent = pattern(size, ++seed);
        std::string echo;
        gateway.send_message(7, sent, true, &echo);
        while (echo.size() < sent.size() || size == 0) {
            const Received part = gateway.next();
            if (part.type == RecordType::Credit) continue;
            ASSERT_EQ(part.type, RecordType::Message);
            echo += part.payload;
            const auto cost = static_cast<uint32_t>(link::message_cost(part.payload.size()));
            gateway.credit_left[7] += cost;
            gateway.send(credit(7, cost));
            if (size == 0) break;
        }
        ASSERT_TRUE(echo == sent);
    }
}

INSTANTIATE_TEST_SUITE_P(Windows, LinkSizes,
                         testing::Values(Sizes{262144, 262144}, Sizes{64, 1024}, Sizes{1000, 262144},
                                         Sizes{262144, 1024}, Sizes{4096, 4096}, Sizes{1u << 30, 1u << 30}),
                         [](const auto& info) {
                             return std::to_string(info.param.our_window) + "_" +
                                    std::to_string(info.param.server_window);
                         });

TEST(Link, JoinsAMessageCutAnywhere) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    const std::string whole = pattern(40);
    for (size_t first = 0; first <= whole.size(); ++first) {
        for (size_t second = first; second <= whole.size(); second += 7) {
            const std::string_view text = whole;
            gateway.send(message(1, text.substr(0, first), kFirst | kBinary) +
                         message(1, text.substr(first, second - first), 0) +
                         message(1, text.substr(second), kLast));
            ASSERT_EQ(gateway.expect_message(1, true), whole) << first << " " << second;
        }
    }
}

struct Illegal {
    const char* name;
    std::string packet;
};

class LinkIllegal : public testing::TestWithParam<Illegal> {};

// In front of each: HELLO, clients 1 (open), 2 (open, inside a message), 3 (rejected), 4 (deferred).
TEST_P(LinkIllegal, EndsTheLinkAndNoOther) {
    RunningServer server;
    server.handler.opened = [](Client& client) {
        if (client.info().id == "r") client.reject(403);
        if (client.info().id == "d") client.defer();
    };
    FakeGateway other(server.path());
    other.open_client(1);
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"one"})");
    gateway.open_client(2, R"({"id":"two"})");
    gateway.send(message(2, "begun", kFirst) + open(3, R"({"id":"r"})") + open(4, R"({"id":"d"})"));
    gateway.expect(RecordType::Reject, 3);
    gateway.send(GetParam().packet);
    gateway.expect_end();
    EXPECT_EQ(server.handler.event(), "closed one 1006 the gateway has gone");
    EXPECT_EQ(server.handler.event(), "closed two 1006 the gateway has gone");
    EXPECT_EQ(server.handler.event(), "closed d 1006 the gateway has gone");
    other.send(message(1, "still here"));
    EXPECT_EQ(other.expect_message(1), "still here");
    EXPECT_EQ(server.clients(), 1u);
}

std::string raw(std::initializer_list<int> bytes) {
    return {bytes.begin(), bytes.end()};
}

INSTANTIATE_TEST_SUITE_P(
    Table, LinkIllegal,
    testing::Values(Illegal{"CutHeader", raw({0, 0, 0})},
                    Illegal{"LengthBeyondPacket", raw({5, 0, 0, 0, 1, 0, 0, 0, 5, 6, 0, 0, 'a'})},
                    Illegal{"HugeLength", raw({255, 255, 255, 255, 1, 0, 0, 0, 5, 6, 0, 0})},
                    Illegal{"GoodThenCut", message(1, "x") + raw({1})},
                    Illegal{"TypeZero", record(static_cast<RecordType>(0), 1)},
                    Illegal{"UnknownType", record(static_cast<RecordType>(14), 1)},
                    Illegal{"UnknownFlags", message(1, "x", 0x80 | kFirst | kLast)},
                    Illegal{"MessageForTheLink", message(0, "x")},
                    Illegal{"SecondHello", record(RecordType::Hello, 0, "{}")}, Illegal{"OpenTwice", open(1)},
                    Illegal{"OpenWhileAwaitingClose", open(3)}, Illegal{"OpenNoJson", open(5, "{")},
                    Illegal{"OpenWrongType", open(5, R"({"id":5})")},
                    Illegal{"NeverOpened", message(99, "x")}, Illegal{"CloseNeverOpened", close(99)},
                    Illegal{"CreditNeverOpened", credit(99, 5)},
                    Illegal{"CreditTooShort", record(RecordType::Credit, 1, "abc")},
                    Illegal{"CreditTooLong", record(RecordType::Credit, 1, "abcde")},
                    Illegal{"SecondFirst", message(2, "x", kFirst)},
                    Illegal{"SecondFirstWhole", message(2, "x")},
                    Illegal{"ContinuationOfNothing", message(1, "x", kLast)},
                    Illegal{"MiddleOfNothing", message(1, "x", 0)}, Illegal{"BeforeAccept", message(4, "x")},
                    Illegal{"AcceptFromTheGateway", record(RecordType::Accept, 1)},
                    Illegal{"RejectFromTheGateway", record(RecordType::Reject, 1)},
                    Illegal{"JoinFromTheGateway", record(RecordType::Join, 1, "t")},
                    Illegal{"PublishFromTheGateway",
                            record(RecordType::Publish, 0, std::string("\1\0t", 3), kFirst | kLast)},
                    Illegal{"HandoverWithoutDirect", record(RecordType::Handover, 1)}),
    [](const auto& info) { return info.param.name; });

TEST(Link, EndsWhenTheFirstRecordIsNotHello) {
    RunningServer server;
    FakeGateway gateway(server.path(), false);
    gateway.send(open(1));
    gateway.expect_end();
}

TEST(Link, EndsOnAHelloOfAnotherVersion) {
    RunningServer server;
    FakeGateway gateway(server.path(), false);
    gateway.send(record(RecordType::Hello, 0, R"({"version":2,"window":1000,"max_message":1000})"));
    gateway.expect_end();
}

TEST(Link, EndsOnAPacketThatIsTooLarge) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.send(message(1, std::string(link::kMaxRecordPayload, 'x')));
    EXPECT_EQ(gateway.expect_message(1).size(), link::kMaxRecordPayload);
    gateway.send(message(1, "") + message(1, std::string(link::kMaxRecordPayload, 'x')));
    gateway.expect_end();
}

TEST(Link, TellsClientsWhenTheGatewayGoes) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"a"})");
    gateway.send(message(1, "part", kFirst));
    gateway.disconnect();
    EXPECT_EQ(server.handler.event(), "closed a 1006 the gateway has gone");
    FakeGateway again(server.path());
    again.open_client(1);
}

// What a gateway sent before it died with our packets unread (ECONNRESET here) still counts.
TEST(Link, ReadsWhatAGatewaySentBeforeItDied) {
    RunningServer server;
    server.handler.received = [&](Client& client, const Message& message) {
        server.handler.note(std::string(message.data));
        client.send(message.data);
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"a"})");
    server.on_server([&] {
        // The server's thread is busy here: all of this, and the end, is queued when it looks.
        gateway.send(message(1, "first"));
        gateway.send(message(1, "second"));
        gateway.send(record(RecordType::Ping, 0));
        gateway.disconnect();
    });
    EXPECT_EQ(server.handler.event(), "first");
    EXPECT_EQ(server.handler.event(), "second");
    EXPECT_EQ(server.handler.event(), "closed a 1006 the gateway has gone");
}

}  // namespace
}  // namespace marmoset::libwebsocket
