// A gateway that does not read for a while: what it sends is held back, nothing of it is lost, and only who
// never reads loses its link.
#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "fake_gateway.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using link::RecordType;

constexpr size_t kLarge = 1u << 20;  // more than the socket's buffer after a few

/// Publishes 1 MiB for each message it gets, and counts them.
class Congestion : public testing::Test {
  protected:
    Congestion() {
        server.handler.received = [this](Client& client, const Message& message) {
            client.publish(std::string(message.data) + std::string(kLarge, 'x'), Type::Text);
            ++delivered;
        };
    }
    /// What has come until now has been looked at, and the program has been given some of it.
    void settle(const std::atomic<int>& count) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
        while (count == 0 && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        server.on_server([] {});
        server.on_server([] {});
    }
    /// The first bytes of the next whole publication.
    std::string publication(FakeGateway& gateway, size_t prefix) {
        std::string whole;
        for (;;) {
            const Received part = gateway.next();
            if (part.type == RecordType::Join || part.type == RecordType::Credit) continue;
            EXPECT_EQ(static_cast<int>(part.type), static_cast<int>(RecordType::Publish));
            if (part.type != RecordType::Publish) return {};
            const size_t topic = static_cast<uint8_t>(part.payload[0]);
            whole += part.payload.substr(2 + topic);
            if ((part.flags & link::kLast) == 0) continue;
            EXPECT_EQ(whole.size(), kLarge + prefix);
            return whole.substr(0, prefix);
        }
    }

    RunningServer server;
    std::atomic<int> delivered = 0, opened = 0;
};

TEST_F(Congestion, MessagesWaitUntilTheGatewayHasRead) {
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    gateway.open_client(2);
    std::string packet;
    for (int i = 10; i < 40; ++i)
        packet += message(1, "a" + std::to_string(i)) + message(2, "b" + std::to_string(i));
    gateway.send(packet);
    settle(delivered);
    EXPECT_GE(delivered, 4);
    EXPECT_LT(delivered, 20);
    std::map<char, int> next = {{'a', 10}, {'b', 10}};
    for (int i = 0; i < 60; ++i) {
        const std::string text = publication(gateway, 3);
        ASSERT_EQ(text.size(), 3u);
        EXPECT_EQ(text.substr(1), std::to_string(next[text[0]]++));
    }
    EXPECT_EQ(delivered, 60);
    EXPECT_EQ(server.clients(), 2u);
    EXPECT_TRUE(server.handler.no_event());
}

TEST_F(Congestion, WhoGoesHasSaidWhatItSaid) {
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"one"})");
    gateway.open_client(2);
    std::string packet;
    for (int i = 10; i < 40; ++i)
        packet += message(1, std::to_string(i));
    gateway.send(packet + close(1, 1001));
    EXPECT_EQ(server.handler.event(), "closed one 1001 ");
    EXPECT_EQ(delivered, 30);
    for (int i = 10; i < 40; ++i)
        EXPECT_EQ(publication(gateway, 2), std::to_string(i));
    EXPECT_EQ(server.clients(), 1u);
}

TEST_F(Congestion, TheProgramClosesOneWhoseMessagesWaited) {
    server.handler.received = [this](Client& client, const Message& message) {
        client.publish(std::string(message.data) + std::string(kLarge, 'x'), Type::Text);
        if (++delivered == 20) client.close(4000);
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1);
    std::string packet;
    for (int i = 10; i < 40; ++i)
        packet += message(1, std::to_string(i));
    gateway.send(packet + close(1, 1001));
    for (int i = 10; i < 30; ++i)
        EXPECT_EQ(publication(gateway, 2), std::to_string(i));
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 4000);
    gateway.expect_nothing();
    EXPECT_EQ(delivered, 20);
    gateway.open_client(1);  // the id is free
    EXPECT_TRUE(server.handler.no_event());
}

TEST_F(Congestion, ClientsAreOpenedOnceItHasRead) {
    server.handler.opened = [this](Client& client) {
        client.accept();
        client.publish("hi" + std::string(kLarge, 'x'), Type::Text);
        ++opened;
    };
    FakeGateway gateway(server.path());
    std::string packet;
    for (uint32_t id = 1; id <= 30; ++id)
        packet += open(id);
    gateway.send(packet + close(30));
    settle(opened);
    EXPECT_GE(opened, 4);
    EXPECT_LT(opened, 20);
    int accepted = 0, published = 0;
    bool ended = false;
    while (published < 29 || !ended) {
        const Received part = gateway.next();
        if (part.type == RecordType::Ping) return;  // a failure has been told
        accepted += part.type == RecordType::Accept;
        published += part.type == RecordType::Publish && (part.flags & link::kLast) != 0;
        ended = ended || (part.type == RecordType::Close && part.client == 30);
    }
    EXPECT_EQ(accepted, 29);
    EXPECT_EQ(opened, 29);
    EXPECT_TRUE(server.handler.no_event());  // who was never opened is not told of
}

// What is produced in one turn can't have been read yet: 40 MiB are no fault of the gateway's.
TEST_F(Congestion, ALinkEndsBeforeTheProcessHasNoMemory) {
    server.handler.opened = [](Client& client) { client.join("all"); };
    FakeGateway gateway(server.path());
    gateway.open_client(1, R"({"id":"one"})");
    const std::string large(4 * kLarge, 'x');
    const auto publish = [&](int count) {
        server.on_server([&] {
            for (int i = 0; i < count; ++i)
                server.server().publish("all", large);
        });
    };
    publish(10);
    EXPECT_EQ(server.clients(), 1u);
    for (int last = 0; last < 10;) {
        const Received part = gateway.next();
        ASSERT_NE(static_cast<int>(part.type), static_cast<int>(RecordType::Ping));
        last += part.type == RecordType::Publish && (part.flags & link::kLast) != 0;
    }
    EXPECT_TRUE(server.handler.no_event());
    publish(80);
    EXPECT_EQ(server.handler.event(), "closed one 1006 the gateway has gone");
}

}  // namespace
}  // namespace marmoset::libwebsocket
