// Direct mode as a gateway sees it: HANDOVER and its order, what comes early, what ends a client and what the
// link; and who is served directly does not need the link any more.
#include <fcntl.h>
#include <sys/resource.h>

#include <vector>

#include "browser.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using link::RecordType;
using websocket::Opcode;

constexpr const char* kDirect = R"({"id":"d","direct":true,"extensions":""})";

std::string handover(uint32_t client, std::string_view early = {}) {
    return record(RecordType::Handover, client, early);
}

TEST(DirectLink, ServesAClientThatIsHandedOver) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(1, kDirect);
    Browser browser;
    browser.hand_over(gateway, 1);
    browser.expect_echo("hello");
    browser.send(client_frame(Opcode::Text, "in ", false) + client_frame(Opcode::Ping, "p") +
                 client_frame(Opcode::Continuation, "parts"));
    std::string pong;
    EXPECT_EQ(browser.frame(pong).opcode, static_cast<uint8_t>(Opcode::Pong));
    EXPECT_EQ(pong, "p");
    EXPECT_EQ(browser.text(), "in parts");
    gateway.expect_nothing();
    browser.send(client_close(1001, "bye"));
    std::string reason;
    EXPECT_EQ(browser.close(&reason), 1001);
    EXPECT_EQ(reason, "bye");
    browser.expect_end();
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1001);
    EXPECT_EQ(server.handler.event(), "closed d 1001 bye");
    gateway.send(close(1));
    gateway.open_client(1, kDirect);  // the id is free
}

TEST(DirectLink, ReadsWhatCameBehindTheHandshakeFirst) {
    RunningServer server;
    FakeGateway gateway(server.path());
    const std::string whole = pattern(300);
    const std::string frames =
        client_text("early") + client_frame(Opcode::Binary, whole) + client_text("last");
    for (size_t cut = 0; cut <= frames.size(); cut += 7) {
        SCOPED_TRACE(cut);
        gateway.open_client(1, kDirect);
        Browser browser;
        browser.send(frames.substr(cut));
        browser.hand_over(gateway, 1, frames.substr(0, cut));
        EXPECT_EQ(browser.text(), "early");
        std::string payload;
        browser.frame(payload);
        EXPECT_EQ(payload, whole);
        EXPECT_EQ(browser.text(), "last");
        browser.drop();
        EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1006);
        gateway.send(close(1));
    }
}

TEST(DirectLink, SaysNothingBeforeItIsHandedOver) {
    RunningServer server;
    server.handler.opened = [](Client& client) {
        client.accept();
        EXPECT_TRUE(client.send("welcome"));
        EXPECT_TRUE(client.send(std::string(100000, 'w')));
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1, kDirect);
    Browser browser;
    gateway.expect_nothing();
    EXPECT_TRUE(browser.heard_nothing());
    browser.hand_over(gateway, 1, client_text("early"));
    EXPECT_EQ(browser.text(), "welcome");
    EXPECT_EQ(browser.text(), std::string(100000, 'w'));
    EXPECT_EQ(browser.text(), "early");
}

TEST(DirectLink, ClosesBehindWhatWasSaidBefore) {
    RunningServer server;
    server.handler.opened = [](Client& client) {
        client.accept();
        client.send("full");
        client.close(4001, "try the other one");
        EXPECT_FALSE(client.send("late"));
    };
    FakeGateway gateway(server.path());
    gateway.open_client(1, kDirect);
    Browser browser;
    browser.hand_over(gateway, 1, client_text("never read"));
    EXPECT_EQ(browser.text(), "full");
    std::string reason;
    EXPECT_EQ(browser.close(&reason), 4001);
    EXPECT_EQ(reason, "try the other one");
    browser.send(client_close(4001));
    browser.expect_end();
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 4001);
    EXPECT_TRUE(server.handler.no_event());
}

TEST(DirectLink, RejectsAsInRelay) {
    RunningServer server;
    server.handler.opened = [](Client& client) { client.reject(403, "not you"); };
    FakeGateway gateway(server.path());
    gateway.send(open(1, kDirect));
    EXPECT_EQ(gateway.expect(RecordType::Reject, 1).code, 403);
    gateway.send(close(1));
    gateway.send(open(1, kDirect));
    EXPECT_EQ(gateway.expect(RecordType::Reject, 1).code, 403);
    EXPECT_EQ(server.clients(), 0u);
}

TEST(DirectLink, TakesCompressionThatWasAgreedOn) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(
        1, R"({"id":"d","direct":true,"extensions":"permessage-deflate; server_no_context_takeover"})");
    Browser browser;
    browser.hand_over(gateway, 1);
    browser.send(client_frame(Opcode::Text, std::string("\xf2\x48\xcd\xc9\xc9\x07\0", 7), true,
                              4));  // RFC 7692 7.2.3.1
    EXPECT_EQ(browser.text(), "Hello");
    browser.send(client_frame(Opcode::Text, "no deflate data", true, 4));
    EXPECT_EQ(browser.close(), 1007);
}

struct Extension {
    const char* name;
    const char* text;
    bool taken;
};

class DirectExtensions : public testing::TestWithParam<Extension> {};

TEST_P(DirectExtensions, AreKnownOrRefused) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.send(open(1, std::string(R"({"id":"d","direct":true,"extensions":")") + GetParam().text + "\"}"));
    const Received answer = gateway.next();
    EXPECT_EQ(static_cast<int>(answer.type),
              static_cast<int>(GetParam().taken ? RecordType::Accept : RecordType::Reject));
    EXPECT_EQ(answer.code, GetParam().taken ? 0 : 501);
}

INSTANTIATE_TEST_SUITE_P(
    Table, DirectExtensions,
    testing::Values(
        Extension{"None", "", true}, Extension{"Bare", "permessage-deflate", true},
        Extension{"Windows", "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10", true},
        Extension{"Unknown", "x-unknown", false},
        Extension{"UnknownParameter", "permessage-deflate; x", false},
        Extension{"OneOfTwo", "x-unknown, permessage-deflate", false},
        Extension{"OfferOnly", "permessage-deflate; client_max_window_bits", false}),
    [](const auto& info) { return info.param.name; });

// ---- the order of records -------------------------------------------------------------------------------

/// A link with clients 1 (handed over), 2 (accepted), 3 (not accepted), 4 (relayed), 5 (rejected).
class DirectOrder : public testing::Test {
  protected:
    DirectOrder() {
        server.handler.opened = [](Client& client) {
            if (client.info().id == "later") client.defer();
            if (client.info().id == "no") client.reject(403);
        };
        gateway = std::make_unique<FakeGateway>(server.path());
        gateway->open_client(1, kDirect);
        served.hand_over(*gateway, 1);
        served.expect_echo("before");
        gateway->open_client(2, kDirect);
        gateway->send(open(3, R"({"id":"later","direct":true})"));
        gateway->open_client(4, R"({"id":"relayed"})");
        gateway->send(open(5, R"({"id":"no","direct":true})"));
        gateway->expect(RecordType::Reject, 5);
    }
    /// The link ends, who is served goes on, and no descriptor is kept.
    void expect_end_of_link() {
        gateway->expect_end();
        other.let_go();
        other.expect_end();
        served.expect_echo("after");
        EXPECT_EQ(server.clients(), 1u);
    }

    RunningServer server;
    std::unique_ptr<FakeGateway> gateway;
    Browser served, other;
};

TEST_F(DirectOrder, HandoverTwice) {
    gateway->send(handover(1), {other.theirs()});
    expect_end_of_link();
}

TEST_F(DirectOrder, HandoverBeforeAccept) {
    gateway->send(handover(3), {other.theirs()});
    expect_end_of_link();
}

TEST_F(DirectOrder, HandoverOfARelayedClient) {
    gateway->send(handover(4), {other.theirs()});
    expect_end_of_link();
}

TEST_F(DirectOrder, HandoverOfAClientThatWasNeverOpened) {
    gateway->send(handover(99), {other.theirs()});
    expect_end_of_link();
}

TEST_F(DirectOrder, HandoverWithoutADescriptor) {
    gateway->send(handover(2));
    expect_end_of_link();
}

TEST_F(DirectOrder, HandoverWithTwoDescriptors) {
    gateway->send(handover(2), {other.theirs(), other.theirs()});
    expect_end_of_link();
}

TEST_F(DirectOrder, HandoverWithAnotherRecordInThePacket) {
    gateway->send(handover(2) + close(4), {other.theirs()});
    expect_end_of_link();
}

TEST_F(DirectOrder, HandoverBehindAnotherRecord) {
    gateway->send(close(4) + handover(2), {other.theirs()});
    expect_end_of_link();
}

TEST_F(DirectOrder, HandoverThatIsCut) {
    gateway->send(handover(2, "early").substr(0, 14), {other.theirs()});
    expect_end_of_link();
}

TEST_F(DirectOrder, ADescriptorWithAMessage) {
    gateway->send(message(4, "x"), {other.theirs()});
    expect_end_of_link();
}

TEST_F(DirectOrder, AMessageForAServedClient) {
    gateway->send(message(1, "x"));
    expect_end_of_link();
}

TEST_F(DirectOrder, CreditForAServedClient) {
    gateway->send(credit(1, 100));
    expect_end_of_link();
}

TEST_F(DirectOrder, OpenWhileItIsServed) {
    gateway->send(open(1, kDirect));
    expect_end_of_link();
}

TEST_F(DirectOrder, OpenBeforeTheGatewaysClose) {
    served.send(client_close(1000));
    EXPECT_EQ(served.close(), 1000);
    gateway->expect(RecordType::Close, 1);
    gateway->send(open(1, kDirect));
    gateway->expect_end();
}

TEST(DirectLink, ADescriptorWithHelloEndsTheLink) {
    RunningServer server;
    Browser browser;
    FakeGateway gateway(server.path(), false);
    gateway.send(record(RecordType::Hello, 0, R"({"version":1,"window":1000,"max_message":1000})"),
                 {browser.theirs()});
    browser.let_go();
    gateway.expect_end();
    browser.expect_end();
}

// ---- ends -----------------------------------------------------------------------------------------------

TEST(DirectLink, ServesOnWhenTheGatewayHasGone) {
    RunningServer server;
    server.handler.opened = [](Client& client) { client.join("all"); };
    FakeGateway gateway(server.path());
    gateway.open_client(1, kDirect);
    gateway.open_client(2, R"({"id":"waiting","direct":true})");
    Browser browser;
    browser.hand_over(gateway, 1);
    browser.expect_echo("before");
    gateway.disconnect();
    EXPECT_EQ(server.handler.event(), "closed waiting 1006 the gateway has gone");
    browser.expect_echo("after");
    server.on_server([&] { server.server().publish("all", "to all"); });
    EXPECT_EQ(browser.text(), "to all");
    browser.finish();
    browser.expect_end();
    EXPECT_EQ(server.handler.event().substr(0, 13), "closed d 1006");
    EXPECT_EQ(server.clients(), 0u);
}

TEST(DirectLink, ClosesAClientWhenTheGatewayAsks) {
    RunningServer server;
    FakeGateway gateway(server.path());
    for (const uint16_t code : {1001, 1006, 1012}) {
        SCOPED_TRACE(code);
        gateway.open_client(1, kDirect);
        Browser browser;
        browser.hand_over(gateway, 1);
        browser.expect_echo("hello");
        gateway.send(close(1, code));
        EXPECT_EQ(browser.close(), code == 1006 ? 1001 : code);
        browser.send(client_close(1000));
        browser.expect_end();
        gateway.expect(RecordType::Close, 1);
        EXPECT_EQ(server.handler.event().substr(0, 9), "closed d ");
    }
    gateway.open_client(1, kDirect);
}

TEST(DirectLink, ForgetsAClientThatGoesBeforeItIsHandedOver) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(1, kDirect);
    gateway.send(close(1, 1006));
    gateway.expect(RecordType::Close, 1);
    EXPECT_EQ(server.handler.event(), "closed d 1006 ");
    gateway.open_client(1, kDirect);
    EXPECT_EQ(server.clients(), 1u);
}

TEST(DirectLink, EndsAClientWhoseDescriptorIsNoSocket) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(1, kDirect);
    const FileDescriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    gateway.send(handover(1), {null.get()});
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1006);
    EXPECT_EQ(server.handler.event().substr(0, 13), "closed d 1006");
    gateway.send(close(1));
    gateway.open_client(1, kDirect);
}

/// As long as it lives the process gets no further descriptor.
class NoDescriptors {
  public:
    NoDescriptors() {
        getrlimit(RLIMIT_NOFILE, &before_);
        taken_.emplace_back(dup(0));
        rlimit few{static_cast<rlim_t>(taken_.front().get()) + 64, before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        for (FileDescriptor more(dup(0)); more; more.reset(dup(0)))
            taken_.push_back(std::move(more));
    }
    ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
    std::vector<FileDescriptor> taken_;
};

// MSG_CTRUNC: the client is lost, and nothing else.
TEST(DirectLink, ClosesAClientForWhomThereIsNoDescriptor) {
    RunningServer server;
    FakeGateway gateway(server.path());
    gateway.open_client(1, kDirect);
    gateway.open_client(2, kDirect);
    Browser lost, late, served;
    {
        const NoDescriptors none;
        gateway.send(handover(1), {lost.theirs()});  // which stays open: its number must not become free
        const Received closed = gateway.expect(RecordType::Close, 1);
        EXPECT_EQ(closed.code, 1013);
        EXPECT_EQ(server.handler.event(), "closed d 1013 too many open descriptors");
    }
    lost.let_go();
    lost.expect_end();
    late.hand_over(gateway, 1);  // was under way: no error, and not kept
    late.expect_end();
    gateway.send(close(1));
    served.hand_over(gateway, 2);
    served.expect_echo("still here");
    gateway.open_client(1, kDirect);
}

// ---- what the gateway's configuration says --------------------------------------------------------------

TEST(DirectLink, KeepsToTheGatewaysLimits) {
    RunningServer server;
    FakeGateway gateway(server.path(), false);
    link::DirectRules rules;
    rules.max_fragments = 2;
    gateway.hello(262144, 100, rules);
    for (const std::string& frames :
         {client_text(std::string(101, 'x')), client_frame(Opcode::Text, "a", false) +
                                                  client_frame(Opcode::Continuation, "b", false) +
                                                  client_frame(Opcode::Continuation, "c")}) {
        gateway.open_client(1, kDirect);
        Browser browser;
        browser.hand_over(gateway, 1);
        browser.expect_echo(std::string(100, 'x'));
        browser.send(frames);
        EXPECT_EQ(browser.close(), 1009);
        gateway.expect(RecordType::Close, 1);
        gateway.send(close(1));
    }
}

TEST(DirectLink, KeepsToItsOwnLimitWhereThatIsLower) {
    Options options;
    options.max_message = 50;
    RunningServer server(options);
    FakeGateway gateway(server.path());
    gateway.open_client(1, kDirect);
    Browser browser;
    browser.hand_over(gateway, 1);
    browser.expect_echo(std::string(50, 'x'));
    browser.send(client_text(std::string(51, 'x')));
    EXPECT_EQ(browser.close(), 1009);
}

TEST(DirectLink, PublishesToEachKindOfClient) {
    RunningServer server;
    server.handler.opened = [](Client& client) { client.join("news"); };
    FakeGateway gateway(server.path());
    gateway.send(open(1, R"({"id":"relayed"})"));
    gateway.expect(RecordType::Accept, 1);
    gateway.expect(RecordType::Join, 1);
    gateway.open_client(2, kDirect);
    gateway.open_client(3, kDirect);
    Browser served, later;
    served.hand_over(gateway, 2);
    served.expect_echo("hello");
    server.on_server([&] { server.server().publish("news", "for all"); });
    EXPECT_EQ(gateway.expect(RecordType::Publish, 0).payload.substr(6), "for all");
    EXPECT_EQ(served.text(), "for all");
    // Who has been accepted and not yet handed over misses nothing.
    later.hand_over(gateway, 3);
    EXPECT_EQ(later.text(), "for all");
    later.expect_echo("hello");
}

constexpr size_t kPublished = 64;

// To a client that takes nothing; how many of the messages reached it, then what its fate is.
size_t publish_to_a_sleeper(bool drop, std::string& last, uint16_t& code) {
    RunningServer server;
    Client* sleeper = nullptr;
    server.handler.opened = [&](Client& client) {
        client.join("news");
        sleeper = &client;
    };
    FakeGateway gateway(server.path(), false);
    link::DirectRules rules;
    rules.queue = 300000;
    rules.drop_published = drop;
    gateway.hello(262144, 16u << 20, rules);
    gateway.open_client(1, kDirect);
    Browser browser;
    browser.hand_over(gateway, 1);
    browser.expect_echo("awake");
    server.on_server([&] {
        for (size_t i = 0; i < kPublished; ++i) {
            if (i % 2 == 0) server.server().publish("news", std::string(100000, 'n'));
            if (i % 2 == 1) sleeper->publish(std::string(100000, 'n'));
        }
    });
    size_t count = 0;
    for (;;) {
        std::string payload;
        const auto header = browser.frame(payload);
        if (header.opcode == static_cast<uint8_t>(Opcode::Close)) {
            code = websocket::parse_close_payload(as_bytes(payload)).code;
            return count;
        }
        if (payload == "behind" || payload.empty()) {
            last = payload;
            return count;
        }
        ++count;
        // The first has come, so there is room again, some time: asks until a small one comes through.
        if (drop) browser.send(client_text("behind"));
    }
}

TEST(DirectLink, ClosesWhoReadsTooSlowlyForWhatIsPublished) {
    std::string last;
    uint16_t code = 0;
    const size_t count = publish_to_a_sleeper(false, last, code);
    EXPECT_EQ(code, 1013);
    EXPECT_GT(count, 0u);
    EXPECT_LT(count, kPublished);
}

TEST(DirectLink, LeavesOutWhatIsPublishedWhereTheGatewaySaysSo) {
    std::string last;
    uint16_t code = 0;
    const size_t count = publish_to_a_sleeper(true, last, code);
    EXPECT_EQ(last, "behind");
    EXPECT_EQ(code, 0);
    EXPECT_GT(count, 0u);
    EXPECT_LT(count, kPublished);
}

}  // namespace
}  // namespace marmoset::libwebsocket
