// join, leave, publish: one PUBLISH a link that has subscribers, the exclusion on the sender's link only.
#include "libwebsocket/topics.h"

#include "fake_gateway.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using link::kBinary;
using link::kFirst;
using link::kLast;
using link::RecordType;

std::string publish_payload(std::string_view topic, std::string_view data) {
    std::string payload(2, '\0');
    store<uint16_t>(reinterpret_cast<uint8_t*>(payload.data()), static_cast<uint16_t>(topic.size()));
    return payload.append(topic).append(data);
}

// A server whose clients join what they say with '+', leave with '-', publish the rest to "t", not to
// themselves.
void make_chat(RunningServer& server) {
    server.handler.received = [&server](Client& client, const Message& message) {
        const std::string_view text = message.data;
        if (text.starts_with('+')) {
            client.join(text.substr(1));
        } else if (text.starts_with('-')) {
            client.leave(text.substr(1));
        } else {
            server.server().publish("t", text, message.type, &client);
        }
    };
}

TEST(Publish, ReachesEachLinkWithSubscribersOnce) {
    RunningServer server;
    make_chat(server);
    FakeGateway first(server.path()), second(server.path()), third(server.path());
    for (FakeGateway* gateway : {&first, &second, &third}) {
        gateway->open_client(1);
        gateway->open_client(2);
    }
    first.send(message(1, "+t") + message(2, "+t") + message(2, "+t"));
    EXPECT_EQ(first.expect(RecordType::Join, 1).payload, "t");
    EXPECT_EQ(first.expect(RecordType::Join, 2).payload, "t");
    second.send(message(2, "+t"));
    EXPECT_EQ(second.expect(RecordType::Join, 2).payload, "t");
    third.send(message(2, "+other"));
    third.expect(RecordType::Join, 2);

    first.send(message(1, "hello", kFirst | kLast | kBinary));
    Received published = first.expect(RecordType::Publish, 1);  // all but client 1
    EXPECT_EQ(published.payload, publish_payload("t", "hello"));
    EXPECT_EQ(published.flags, kFirst | kLast | kBinary);
    published = second.expect(RecordType::Publish, 0);
    EXPECT_EQ(published.payload, publish_payload("t", "hello"));
    first.expect_nothing();
    second.expect_nothing();
    third.expect_nothing();
}

TEST(Publish, ExcludesNobodyWhenTheSenderIsNotSubscribed) {
    RunningServer server;
    make_chat(server);
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.open_client(2);
    gateway.send(message(1, "+t"));
    gateway.expect(RecordType::Join, 1);
    gateway.send(message(2, "x"));
    gateway.expect(RecordType::Publish, 0);
    gateway.send(message(1, "only I would hear it"));
    gateway.expect_nothing();
}

TEST(Publish, StopsWithTheLastSubscriber) {
    RunningServer server;
    make_chat(server);
    FakeGateway gateway(server.path());
    for (uint32_t id = 1; id <= 3; ++id)
        gateway.open_client(id);
    gateway.send(message(1, "+t") + message(2, "+t") + message(1, "-t") + message(1, "-t") +
                 message(1, "-never"));
    gateway.expect(RecordType::Join, 1);
    gateway.expect(RecordType::Join, 2);
    EXPECT_EQ(gateway.expect(RecordType::Leave, 1).payload, "t");
    gateway.send(message(3, "a"));
    gateway.expect(RecordType::Publish, 0);
    gateway.send(close(2));  // counts as leaving
    gateway.expect(RecordType::Close, 2);
    gateway.send(message(3, "b"));
    gateway.expect_nothing();
}

TEST(Publish, WorksFromOnOpenOnAndUntilOnClose) {
    RunningServer server;
    server.handler.opened = [](Client& client) {
        client.join("t");  // said to the gateway behind ACCEPT
        client.join("t");
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.expect(RecordType::Join, 1);
    server.on_server([&] { server.server().publish("t", ""); });
    EXPECT_EQ(gateway.expect(RecordType::Publish, 0).payload, publish_payload("t", ""));
}

TEST(Publish, ToOneClientIsATopicOfItsOwn) {
    RunningServer server;
    server.handler.opened = [&](Client& client) {
        client.publish("before");  // not accepted yet: nothing
        client.join("t");
        client.accept();
        client.publish("first");
        server.server().publish("t", "for all");
        client.publish(std::string_view("\xff", 1), Type::Binary);
    };
    FakeGateway gateway(server.path(), true, 64);  // credit for next to nothing: it is not asked for
    gateway.open_client(7);
    gateway.expect(RecordType::Join, 7);
    const std::string own = gateway.expect(RecordType::Join, 7).payload;
    EXPECT_EQ(own, std::string("\0"
                               "7",
                               2));
    EXPECT_EQ(gateway.expect(RecordType::Publish, 0).payload, publish_payload(own, "first"));
    EXPECT_EQ(gateway.expect(RecordType::Publish, 0).payload, publish_payload("t", "for all"));
    const Received binary = gateway.expect(RecordType::Publish, 0);
    EXPECT_EQ(binary.payload, publish_payload(own, "\xff"));
    EXPECT_EQ(binary.flags, kFirst | kLast | kBinary);
    gateway.expect_nothing();
}

TEST(Publish, IsCutIntoRecordsThatFollowEachOther) {
    RunningServer server;
    make_chat(server);
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.open_client(2);
    const std::string topic(255, 'T');
    gateway.send(message(1, "+" + topic));
    gateway.expect(RecordType::Join, 1);
    const size_t room = link::kMaxRecordPayload - 2 - topic.size();
    for (const size_t size : {room - 1, room, room + 1, 2 * room, 1000000ul}) {
        const std::string data = pattern(size);
        server.on_server([&] { server.server().publish(topic, data, Type::Binary); });
        std::string whole;
        for (bool first = true, last = false; !last; first = false) {
            const Received part = gateway.expect(RecordType::Publish, 0);
            ASSERT_EQ((part.flags & kFirst) != 0, first);
            ASSERT_NE(part.flags & kBinary, 0);
            ASSERT_EQ(part.payload.substr(0, 2 + topic.size()), publish_payload(topic, ""));
            whole += part.payload.substr(2 + topic.size());
            last = (part.flags & kLast) != 0;
        }
        EXPECT_TRUE(whole == data) << size;
        gateway.expect_nothing();
    }
}

TEST(Publish, KeepsToTheLimits) {
    RunningServer server;
    Client* client = nullptr;
    server.handler.opened = [&](Client& opened) { client = &opened; };
    FakeGateway gateway(server.path(), true, 262144, 100);
    gateway.open_client(1);
    server.on_server([&] {
        client->join("");
        client->join(std::string(256, 'x'));
        for (int i = 0; i < 1024; ++i)
            client->join("topic " + std::to_string(i));
        client->join("one too many");
        server.server().publish("one too many", "x");
        server.server().publish("topic 5", std::string(101, 'x'));  // more than the gateway takes
        server.server().publish("topic 5", std::string(100, 'x'));
        server.server().publish("nobody's", "x");
    });
    for (int i = 0; i < 1024; ++i)
        EXPECT_EQ(gateway.expect(RecordType::Join, 1).payload, "topic " + std::to_string(i));
    EXPECT_EQ(gateway.expect(RecordType::Publish, 0).payload.size(), 2 + 7 + 100u);
    gateway.expect_nothing();
}

TEST(Topics, LiveAsLongAsTheirSubscribers) {
    Topics topics;
    Subscriptions first, second;
    EXPECT_EQ(first.join(topics, "a"), Subscriptions::Join::Done);
    EXPECT_EQ(first.join(topics, "a"), Subscriptions::Join::Already);
    EXPECT_EQ(second.join(topics, "a"), Subscriptions::Join::Done);
    EXPECT_EQ(topics.find("a")->subscribers, 2u);
    EXPECT_TRUE(first.leave(topics, "a"));
    EXPECT_FALSE(first.leave(topics, "a"));
    EXPECT_FALSE(first.contains(topics.find("a")));
    EXPECT_TRUE(second.contains(topics.find("a")));
    second.leave_all(topics);
    EXPECT_EQ(topics.find("a"), nullptr);
}

}  // namespace
}  // namespace marmoset::libwebsocket
