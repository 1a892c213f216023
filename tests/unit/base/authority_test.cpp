// host [":" port]: what RFC 3986 3.2.2 and 3.2.3 allow, and what only looks like it.
#include "base/authority.h"

#include <gtest/gtest.h>

namespace marmoset {
namespace {

TEST(Authority, SplitsHostAndPort) {
    struct Row {
        const char* text;
        const char* host;
        int port;  // -1: none
    };
    const Row rows[] = {
        {"example.org", "example.org", -1},
        {"example.org:8080", "example.org", 8080},
        {"example.org:", "example.org", -1},
        {"example.org:0", "example.org", 0},
        {"example.org:65535", "example.org", 65535},
        {"example.org:0080", "example.org", 80},
        {"127.0.0.1:80", "127.0.0.1", 80},
        {"a", "a", -1},
        {"under_score.local", "under_score.local", -1},
        {"a%2Db~!$&'()*+,;=", "a%2Db~!$&'()*+,;=", -1},
        {"[::1]", "[::1]", -1},
        {"[::1]:8443", "[::1]", 8443},
        {"[2001:db8::1]:", "[2001:db8::1]", -1},
        {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]", 1},
    };
    for (const Row& row : rows) {
        Authority authority;
        ASSERT_TRUE(parse_authority(row.text, authority)) << row.text;
        EXPECT_EQ(authority.host, row.host) << row.text;
        EXPECT_EQ(authority.port ? int{*authority.port} : -1, row.port) << row.text;
    }
}

TEST(Authority, RefusesEverythingElse) {
    for (std::string_view text : {"",
                                  ":",
                                  ":80",
                                  "user@host",
                                  "user:pass@host",
                                  "a b",
                                  " a",
                                  "a ",
                                  "a/b",
                                  "a?b",
                                  "a#b",
                                  "a\\b",
                                  "a:80:80",
                                  "a:x",
                                  "a:-1",
                                  "a:+1",
                                  "a:65536",
                                  "a:99999999999999999999",
                                  "a: 80",
                                  "::1",
                                  "[::1",
                                  "::1]",
                                  "[]",
                                  "[:]",
                                  "[::1]x",
                                  "[::1]x:80",
                                  "[::1]80",
                                  "[127.0.0.1]",
                                  "[example]",
                                  "[fe80::1%25eth0]",
                                  "[fe80::1%eth0]",
                                  "[v1.x]",
                                  "[1::2::3]",
                                  "a%",
                                  "a%2",
                                  "a%2g",
                                  "a\x7f",
                                  "b\xc3\xbc"
                                  "cher",
                                  "a\"b",
                                  "<a>",
                                  "[::1]:80:80",
                                  "[[::1]]",
                                  "[00000000000000000000000000000000000000000000000000000000::1]"}) {
        Authority authority;
        EXPECT_FALSE(parse_authority(text, authority)) << text;
    }
    Authority authority;
    EXPECT_FALSE(parse_authority(std::string_view("a\0b", 3), authority));
    EXPECT_FALSE(parse_authority(std::string_view("[::1\0]", 6), authority));
}

TEST(Authority, ComparesNamesWithoutCaseAndAddressesByValue) {
    EXPECT_TRUE(equal_hosts("Example.ORG", "example.org"));
    EXPECT_FALSE(equal_hosts("example.org", "example.com"));
    EXPECT_FALSE(equal_hosts("example.org", "example.org."));
    EXPECT_TRUE(equal_hosts("[::1]", "[0:0:0:0:0:0:0:1]"));
    EXPECT_TRUE(equal_hosts("[2001:DB8::A]", "[2001:db8:0::a]"));
    EXPECT_FALSE(equal_hosts("[::1]", "[::2]"));
    EXPECT_FALSE(equal_hosts("[::1]", "localhost"));
    EXPECT_FALSE(equal_hosts("localhost", "[::1]"));
}

}  // namespace
}  // namespace marmoset
