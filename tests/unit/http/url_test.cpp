// URLs that a client of ours asks for.
#include "http/url.h"

#include <gtest/gtest.h>

namespace marmoset::http {
namespace {

TEST(HttpUrl, Parts) {
    const auto url = parse_url("HTTPS://Id.Example:8443/a/b?c=d&e");
    ASSERT_TRUE(url) << url.error().text;
    EXPECT_TRUE(url->secure);
    EXPECT_EQ(url->host, "id.example");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->target, "/a/b?c=d&e");
    EXPECT_EQ(url->authority(), "id.example:8443");
}

TEST(HttpUrl, Defaults) {
    EXPECT_EQ(parse_url("http://a")->target, "/");
    EXPECT_EQ(parse_url("http://a")->port, 80);
    EXPECT_EQ(parse_url("https://a")->port, 443);
    EXPECT_EQ(parse_url("https://a:443/")->authority(), "a");
    EXPECT_EQ(parse_url("http://a:443/")->authority(), "a:443");
    EXPECT_EQ(parse_url("http://a?b")->target, "/?b");
    EXPECT_EQ(parse_url("http://[::1]:81/")->host, "::1");
    EXPECT_EQ(parse_url("http://[::1]:81/")->authority(), "[::1]:81");
}

TEST(HttpUrl, WhatCanNotBeAsked) {
    for (const char* text :
         {"", "a", "/a", "ftp://a/", "ws://a/", "http://", "http:///a", "http://a:0/", "http://a:99999/",
          "http://u@a/", "http://u:p@a/", "http://a/b c", "http://a/b\r\nX: y", "http://a/#f", "http://a#f",
          "http://a/\xC3\xA4", "http://a\\b/", "http://%61/", "http://a b/"})
        EXPECT_FALSE(parse_url(text)) << text;
}

}  // namespace
}  // namespace marmoset::http
