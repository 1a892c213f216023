// HELLO and OPEN: what is written is read back the same, hostile bytes never make invalid JSON, wrong JSON is
// refused with a reason.
#include "link/metadata.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"

namespace marmoset::link {
namespace {

const std::string_view kProtocols[] = {"chat", "superchat"};
const std::pair<std::string_view, std::string_view> kHeaders[] = {{"User-Agent", "x \"quoted\" \\ y"},
                                                                  {"Cookie", "a=b; c=d"}};

OpenFields full_fields(const OpenFields::Tls& tls) {
    OpenFields fields;
    fields.id = "7f-12";
    fields.uri = "/chat/room%20one?x=1";
    fields.path_info = "/room one";
    fields.query = "x=1";
    fields.protocols = kProtocols;
    fields.origin = "https://example.org";
    fields.host = "example.org";
    fields.user = "ann";
    fields.group = "users";
    fields.home = "/home/ann";
    fields.auth = "Basic";
    fields.remote = {"2001:db8::1", 65535};
    fields.local = {"127.0.0.1", 80};
    fields.tls = &tls;
    fields.headers = kHeaders;
    fields.direct = true;
    return fields;
}

TEST(OpenMetadata, IsReadBackAsWritten) {
    const OpenFields::Tls tls{"TLSv1.3", "TLS_AES_128_GCM_SHA256", "CN=ann"};
    std::string text;
    append_open(text, full_fields(tls));
    auto open = parse_open(as_bytes(text));
    ASSERT_TRUE(open) << open.error().text;
    EXPECT_EQ(open->id, "7f-12");
    EXPECT_EQ(open->uri, "/chat/room%20one?x=1");
    EXPECT_EQ(open->path_info, "/room one");
    EXPECT_EQ(open->query, "x=1");
    EXPECT_EQ(open->protocols, (std::vector<std::string>{"chat", "superchat"}));
    EXPECT_EQ(open->origin, "https://example.org");
    EXPECT_EQ(open->host, "example.org");
    EXPECT_EQ(open->user, "ann");
    EXPECT_EQ(open->group, "users");
    EXPECT_EQ(open->home, "/home/ann");
    EXPECT_EQ(open->auth, "Basic");
    EXPECT_EQ(open->remote.address, "2001:db8::1");
    EXPECT_EQ(open->remote.port, 65535);
    EXPECT_EQ(open->local.address, "127.0.0.1");
    EXPECT_EQ(open->local.port, 80);
    ASSERT_TRUE(open->has_tls);
    EXPECT_EQ(open->tls.version, "TLSv1.3");
    EXPECT_EQ(open->tls.cipher, "TLS_AES_128_GCM_SHA256");
    EXPECT_EQ(open->tls.subject, "CN=ann");
    std::sort(open->headers.begin(), open->headers.end());
    ASSERT_EQ(open->headers.size(), 2u);
    EXPECT_EQ(open->headers[0], (std::pair<std::string, std::string>{"Cookie", "a=b; c=d"}));
    EXPECT_EQ(open->headers[1], (std::pair<std::string, std::string>{"User-Agent", "x \"quoted\" \\ y"}));
    EXPECT_TRUE(open->direct);
}

TEST(OpenMetadata, WithoutAnythingIsReadBackEmpty) {
    std::string text;
    append_open(text, {});
    auto open = parse_open(as_bytes(text));
    ASSERT_TRUE(open) << open.error().text;
    EXPECT_TRUE(open->id.empty());
    EXPECT_TRUE(open->protocols.empty());
    EXPECT_TRUE(open->headers.empty());
    EXPECT_FALSE(open->has_tls);
    EXPECT_FALSE(open->direct);
}

TEST(OpenMetadata, WritesTheTextOfTheProtocolPage) {
    std::string text = "before";
    OpenFields fields;
    fields.id = "1";
    fields.protocols = kProtocols;
    append_open(text, fields);
    EXPECT_EQ(text,
              "before{\"id\":\"1\",\"uri\":\"\",\"path_info\":\"\",\"query\":\"\",\"protocols\":[\"chat\","
              "\"superchat\"],\"origin\":\"\",\"host\":\"\",\"user\":\"\",\"group\":\"\",\"home\":\"\","
              "\"auth\":\"\","
              "\"remote\":{\"address\":\"\",\"port\":0},\"local\":{\"address\":\"\",\"port\":0},\"tls\":null,"
              "\"headers\":{},\"direct\":false}");
}

TEST(OpenMetadata, EscapesEveryByteSoThatTheTextStaysJson) {
    for (unsigned first = 0; first < 256; ++first) {
        for (const unsigned second : {0x00u, 0x1fu, 0x22u, 0x41u, 0x5cu, 0x7fu, 0x80u, 0xbfu, 0xc3u, 0xffu}) {
            const std::string bytes{'a', static_cast<char>(first), static_cast<char>(second), 'z'};
            std::string text;
            OpenFields fields;
            fields.uri = bytes;
            append_open(text, fields);
            auto open = parse_open(as_bytes(text));
            ASSERT_TRUE(open) << first << " " << second << ": " << open.error().text;
            if (first < 0x80 && second < 0x80) {
                ASSERT_EQ(open->uri, bytes);
            }
        }
    }
}

struct Replaced {
    std::string in, out;
};

class OpenReplacement : public testing::TestWithParam<Replaced> {};

TEST_P(OpenReplacement, KeepsSequencesAndReplacesTheRest) {
    std::string text;
    OpenFields fields;
    fields.origin = GetParam().in;
    append_open(text, fields);
    auto open = parse_open(as_bytes(text));
    ASSERT_TRUE(open) << open.error().text;
    EXPECT_EQ(open->origin, GetParam().out);
}

#define FFFD "\xef\xbf\xbd"
INSTANTIATE_TEST_SUITE_P(
    Table, OpenReplacement,
    testing::Values(Replaced{"\xc3\xa9", "\xc3\xa9"}, Replaced{"\xe2\x82\xac", "\xe2\x82\xac"},
                    Replaced{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
                    Replaced{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"}, Replaced{"\xc3", FFFD},
                    Replaced{"\xc3(", FFFD "("}, Replaced{"\xc0\xaf", FFFD FFFD},
                    Replaced{"\xe0\x9f\xbf", FFFD FFFD FFFD},           // overlong
                    Replaced{"\xed\xa0\x80", FFFD FFFD FFFD},           // a surrogate
                    Replaced{"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD},  // beyond U+10FFFF
                    Replaced{"\xf0\x8f\xbf\xbf", FFFD FFFD FFFD FFFD}, Replaced{"\xf5", FFFD},
                    Replaced{"\x80", FFFD}, Replaced{"ok\xe2\x82", "ok" FFFD FFFD},
                    Replaced{std::string("a\0b", 3), std::string("a\0b", 3)},
                    Replaced{"\x01\x1f\x7f", "\x01\x1f\x7f"}));
#undef FFFD

TEST(OpenMetadata, WritingAllocatesNothingWhenTheTextHasRoom) {
    const OpenFields::Tls tls{"TLSv1.3", "cipher", "CN=ann"};
    std::string text;
    text.reserve(2048);
    const char* memory = text.data();
    append_open(text, full_fields(tls));
    EXPECT_EQ(text.data(), memory);
}

TEST(OpenMetadata, IgnoresWhatANewerGatewayAdds) {
    auto open = parse_open(as_bytes("{\"id\":\"1\",\"colour\":{\"deep\":[1,2]},\"user\":null}"));
    ASSERT_TRUE(open) << open.error().text;
    EXPECT_EQ(open->id, "1");
    EXPECT_EQ(open->user, "");
}

struct Refused {
    std::string text, error;
};

class OpenRefused : public testing::TestWithParam<Refused> {};

TEST_P(OpenRefused, WithAReason) {
    auto open = parse_open(as_bytes(GetParam().text));
    ASSERT_FALSE(open);
    EXPECT_NE(open.error().text.find(GetParam().error), std::string::npos) << open.error().text;
}

INSTANTIATE_TEST_SUITE_P(Table, OpenRefused,
                         testing::Values(Refused{"", "JSON"}, Refused{"{", "JSON"}, Refused{"{}x", "JSON"},
                                         Refused{"[]", "not an object"},
                                         Refused{"{\"id\":1}", "OPEN.id is not a string"},
                                         Refused{"{\"protocols\":\"a\"}", "OPEN.protocols is not an array"},
                                         Refused{"{\"protocols\":[1]}", "OPEN.protocols holds"},
                                         Refused{"{\"remote\":[]}", "OPEN.remote is not an object"},
                                         Refused{"{\"remote\":{\"port\":65536}}", "OPEN.remote.port"},
                                         Refused{"{\"remote\":{\"port\":-1}}", "OPEN.remote.port"},
                                         Refused{"{\"local\":{\"address\":1}}", "OPEN.local.address"},
                                         Refused{"{\"tls\":true}", "OPEN.tls is not an object"},
                                         Refused{"{\"tls\":{\"cipher\":7}}", "OPEN.tls.cipher"},
                                         Refused{"{\"headers\":{\"a\":1}}", "OPEN.headers holds"},
                                         Refused{"{\"direct\":1}", "OPEN.direct is not true or false"},
                                         Refused{"{\"uri\":\"\xff\"}", "JSON"}));

TEST(OpenMetadata, RefusesDeepNestingWithoutRecursing) {
    auto open = parse_open(as_bytes("{\"x\":" + std::string(100000, '[') + std::string(100000, ']') + "}"));
    ASSERT_FALSE(open);
    EXPECT_NE(open.error().text.find("JSON"), std::string::npos) << open.error().text;
}

TEST(Hello, IsReadBackAsWritten) {
    Hello hello;
    hello.software = "marmoset/0.1.0 \"x\"";
    hello.pid = 4711;
    hello.window = 65536;
    hello.max_message = 1u << 20;
    std::string text;
    append_hello(text, hello);
    auto read = parse_hello(as_bytes(text));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->version, 1u);
    EXPECT_EQ(read->software, hello.software);
    EXPECT_EQ(read->pid, 4711u);
    EXPECT_EQ(read->window, 65536u);
    EXPECT_EQ(read->max_message, 1u << 20);
}

TEST(Hello, TellsHowDirectClientsAreServed) {
    Hello hello;
    hello.max_message = 1;
    std::string plain;
    append_hello(plain, hello);
    EXPECT_FALSE(parse_hello(as_bytes(plain))->direct);
    hello.direct = DirectRules{1, 0, 3, 4, 5, 6, true, 9, 0};
    std::string text;
    append_hello(text, hello);
    auto read = parse_hello(as_bytes(text));
    ASSERT_TRUE(read) << read.error().text;
    ASSERT_TRUE(read->direct);
    EXPECT_EQ(read->direct->max_fragments, 1u);
    EXPECT_EQ(read->direct->ping_ms, 0u);
    EXPECT_EQ(read->direct->ping_misses, 3u);
    EXPECT_EQ(read->direct->close_timeout_ms, 4u);
    EXPECT_EQ(read->direct->send_timeout_ms, 5u);
    EXPECT_EQ(read->direct->queue, 6u);
    EXPECT_TRUE(read->direct->drop_published);
    EXPECT_EQ(read->direct->compression_level, 9u);
    EXPECT_EQ(read->direct->compression_threshold, 0u);
}

TEST(Hello, WhatIsMissingOfDirectIsAsByDefault) {
    auto read = parse_hello(
        as_bytes(R"({"version":1,"window":64,"max_message":1,"direct":{"ping":7,"later":{"x":[]}}})"));
    ASSERT_TRUE(read) << read.error().text;
    ASSERT_TRUE(read->direct);
    EXPECT_EQ(read->direct->ping_ms, 7u);
    EXPECT_EQ(read->direct->max_fragments, DirectRules().max_fragments);
    EXPECT_FALSE(read->direct->drop_published);
}

// A HELLO with these members of direct.
std::string hello_with(const char* direct) {
    return std::string(R"({"version":1,"window":64,"max_message":1,"direct":)") + direct + "}";
}

class HelloRefused : public testing::TestWithParam<Refused> {};

TEST_P(HelloRefused, WithAReason) {
    auto hello = parse_hello(as_bytes(GetParam().text));
    ASSERT_FALSE(hello);
    EXPECT_NE(hello.error().text.find(GetParam().error), std::string::npos) << hello.error().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, HelloRefused,
    testing::Values(Refused{"{}", "HELLO.version 0 is not known"},
                    Refused{"{\"version\":2,\"window\":\"new\"}", "HELLO.version 2 is not known"},
                    Refused{"{\"version\":\"1\"}", "HELLO.version is not a whole number"},
                    Refused{"{\"version\":1,\"max_message\":1}", "HELLO.window is missing"},
                    Refused{"{\"version\":1,\"window\":63,\"max_message\":1}",
                            "HELLO.window is missing or below 64"},
                    Refused{"{\"version\":1,\"window\":64}", "HELLO.max_message is missing"},
                    Refused{"{\"version\":1,\"window\":1.5,\"max_message\":1}", "HELLO.window"},
                    Refused{"{\"version\":1,\"window\":-1,\"max_message\":1}", "HELLO.window"},
                    Refused{"{\"version\":1,\"window\":64,\"max_message\":1,\"pid\":\"x\"}", "HELLO.pid"},
                    Refused{hello_with("true"), "HELLO.direct is not an object"},
                    Refused{hello_with(R"({"max_fragments":0})"), "HELLO.direct.max_fragments is 0"},
                    Refused{hello_with(R"({"max_fragments":4294967296})"), "HELLO.direct.max_fragments"},
                    Refused{hello_with(R"({"ping":-1})"), "HELLO.direct.ping"},
                    Refused{hello_with(R"({"ping_misses":0})"), "HELLO.direct.ping_misses is 0"},
                    Refused{hello_with(R"({"ping_misses":101})"), "HELLO.direct.ping_misses"},
                    Refused{hello_with(R"({"close_timeout":0})"), "HELLO.direct.close_timeout is 0"},
                    Refused{hello_with(R"({"send_timeout":0})"), "HELLO.direct.send_timeout is 0"},
                    Refused{hello_with(R"({"overflow":1})"), "HELLO.direct.overflow"},
                    Refused{hello_with(R"({"compression_level":0})"), "HELLO.direct.compression_level is 0"},
                    Refused{hello_with(R"({"compression_level":10})"), "HELLO.direct.compression_level"},
                    Refused{"HELLO", "JSON"}));

}  // namespace
}  // namespace marmoset::link
