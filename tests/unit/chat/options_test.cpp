// The backplane's URL, the pace of a client, the lines that the server writes.
#include <gtest/gtest.h>

#include "utils/websocket_chat/lines.h"
#include "utils/websocket_chat/pace.h"
#include "utils/websocket_chat/redis_url.h"

namespace chat {
namespace {

TEST(RedisUrl, HasDefaults) {
    RedisUrl url;
    ASSERT_EQ(parse_redis_url("redis://localhost", url), "");
    EXPECT_EQ(url.host, "localhost");
    EXPECT_EQ(url.port, 6379);
    EXPECT_EQ(url.channel, "marmoset-chat");
    EXPECT_EQ(url.password, "");
    EXPECT_EQ(url.shown(), "redis://localhost:6379/marmoset-chat");
}

TEST(RedisUrl, HasAllItsParts) {
    RedisUrl url;
    ASSERT_EQ(parse_redis_url("redis://me:p:a%2fss@w%25@[::1]:7000/a/channel%40home", url), "");
    EXPECT_EQ(url.user, "me");
    EXPECT_EQ(url.password, "p:a/ss@w%");
    EXPECT_EQ(url.host, "::1");
    EXPECT_EQ(url.port, 7000);
    EXPECT_EQ(url.channel, "a/channel@home");
    EXPECT_EQ(url.shown(), "redis://[::1]:7000/a/channel@home");
    RedisUrl other;
    ASSERT_EQ(parse_redis_url("redis://:secret@10.0.0.1/rooms", other), "");
    EXPECT_EQ(other.user, "");
    EXPECT_EQ(other.password, "secret");
    EXPECT_EQ(other.host, "10.0.0.1");
    EXPECT_EQ(other.channel, "rooms");
}

TEST(RedisUrl, IsRefusedWhenItIsNone) {
    for (const char* bad : {"", "redis://", "http://localhost", "localhost", "redis://:6379",
                            "redis://localhost:", "redis://localhost:0", "redis://localhost:65536",
                            "redis://localhost:x", "redis://localhost/", "redis://me@localhost",
                            "redis://[::1", "redis://[::1]x", "redis:///channel", "redis://me:@localhost",
                            "redis://:@localhost", "redis://:50%@localhost", "redis://localhost/50%2"}) {
        RedisUrl url;
        EXPECT_NE(parse_redis_url(bad, url), "") << bad;
    }
}

TEST(RedisUrl, SaysWhatIsWrongWithoutThePassword) {
    RedisUrl url;
    EXPECT_EQ(parse_redis_url("redis://me:@localhost", url), "no password before the '@'");
    for (const char* secret : {"redis://me:12/sesame@localhost", "redis://me:ses%ame@localhost"}) {
        const std::string wrong = parse_redis_url(secret, url);
        EXPECT_NE(wrong.find('%'), std::string::npos) << secret;
        EXPECT_EQ(wrong.find("sesame"), std::string::npos) << secret;
    }
}

TEST(Pace, LetsAsManyThroughAsASecondHas) {
    Pace pace;
    uint64_t now = 5000;
    for (int i = 0; i < 9; ++i)
        EXPECT_EQ(pace.count(now, 10), 0u) << i;
    const unsigned wait_ms = pace.count(now, 10);  // the tenth: the next has to wait
    EXPECT_GE(wait_ms, 100u);
    EXPECT_LE(wait_ms, 101u);
    now += wait_ms;
    EXPECT_GT(pace.count(now, 10), 90u);
    EXPECT_EQ(pace.count(now + 60000, 10), 0u);
}

TEST(Pace, OfOneASecond) {
    Pace pace;
    EXPECT_GE(pace.count(7, 1), 1000u);
    EXPECT_GE(pace.count(1010, 1), 900u);
    EXPECT_GE(pace.count(5000, 1), 900u);
}

TEST(Lines, AreWordsAndAText) {
    const Person alice{"alice", "#112233", true}, nobody;
    EXPECT_EQ(lines::person("join", alice), "join alice #112233 v");
    EXPECT_EQ(lines::person({}, alice), "alice #112233 v");
    EXPECT_EQ(lines::rename("bob", alice), "rename bob alice #112233 v");
    EXPECT_EQ(lines::leave("bob"), "leave bob");
    EXPECT_EQ(lines::is(alice, {}), "is alice - v");
    EXPECT_EQ(lines::sent("7", "id", 5), "sent 7 id 5");
    EXPECT_EQ(lines::sent("7", {}, 5), "sent 7 - 5");
    EXPECT_EQ(lines::error("no-text", {}, "It is empty."), "error no-text -\nIt is empty.");
    EXPECT_EQ(lines::private_message(5, alice, "a\nb"), "private 5 alice #112233 v\na\nb");
    Message message;
    message.id = "x-1";
    message.time = 5;
    message.sender = nobody;
    EXPECT_EQ(lines::message("history", message), "history x-1 5 - - -\n");
}

}  // namespace
}  // namespace chat
