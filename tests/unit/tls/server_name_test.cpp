// Names of certificates (RFC 6125 6.4).
#include "tls/server_name.h"

#include <gtest/gtest.h>

namespace marmoset::tls {
namespace {

TEST(ServerName, EqualWithoutCase) {
    EXPECT_TRUE(server_name_matches("www.example.org", "WWW.Example.ORG"));
    EXPECT_TRUE(server_name_matches("www.example.org", "www.example.org."));
    EXPECT_FALSE(server_name_matches("www.example.org", "example.org"));
    EXPECT_FALSE(server_name_matches("example.org", "www.example.org"));
    EXPECT_FALSE(server_name_matches("", ""));
    EXPECT_FALSE(server_name_matches("", "."));
}

TEST(ServerName, AStarIsOneLabel) {
    EXPECT_TRUE(server_name_matches("*.example.org", "www.example.org"));
    EXPECT_TRUE(server_name_matches("*.Example.org", "a.example.ORG."));
    EXPECT_FALSE(server_name_matches("*.example.org", "a.b.example.org"));
    EXPECT_FALSE(server_name_matches("*.example.org", "example.org"));
    EXPECT_FALSE(server_name_matches("*.example.org", ".example.org"));
    EXPECT_FALSE(server_name_matches("*.example.org", "www.example.com"));
}

TEST(ServerName, AStarElsewhereIsNone) {
    EXPECT_FALSE(server_name_matches("w*.example.org", "www.example.org"));
    EXPECT_FALSE(server_name_matches("*", "localhost"));
    EXPECT_FALSE(server_name_matches("www.*.org", "www.example.org"));
}

}  // namespace
}  // namespace marmoset::tls
