// The status page's choices that need no server: who may read it, and in which form.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <string>

#include "modules/status/clients.h"
#include "modules/status/exposition.h"

namespace marmoset::status_module {
namespace {

net::Address address(const char* text) {
    sockaddr_in6 in6{};
    sockaddr_in in{};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        in.sin_family = AF_INET;
        return net::Address::from(reinterpret_cast<const sockaddr*>(&in), sizeof in);
    }
    EXPECT_EQ(1, inet_pton(AF_INET6, text, &in6.sin6_addr)) << text;
    in6.sin6_family = AF_INET6;
    return net::Address::from(reinterpret_cast<const sockaddr*>(&in6), sizeof in6);
}

bool permits(std::string_view clients, const char* peer) {
    auto parsed = Clients::parse(clients);
    EXPECT_TRUE(parsed) << clients;
    return parsed && parsed->permit(address(peer));
}

TEST(StatusClientsTest, LocalIsLoopback) {
    EXPECT_TRUE(permits("local", "127.0.0.1"));
    EXPECT_TRUE(permits("local", "127.255.0.1"));
    EXPECT_TRUE(permits("local", "::1"));
    EXPECT_TRUE(permits("LOCAL", "::ffff:127.0.0.1"));
    EXPECT_FALSE(permits("local", "128.0.0.1"));
    EXPECT_FALSE(permits("local", "::2"));
    EXPECT_FALSE(permits("local", "7f00::1"));
}

TEST(StatusClientsTest, LocalIsAUnixSocket) {
    const sockaddr un{.sa_family = AF_UNIX, .sa_data = {}};
    const net::Address peer = net::Address::from(&un, sizeof un);
    EXPECT_TRUE(Clients::parse("local")->permit(peer));
    EXPECT_TRUE(Clients::parse("any")->permit(peer));
    EXPECT_FALSE(Clients::parse("::/0")->permit(peer));
}

TEST(StatusClientsTest, NobodyUnlessTold) {
    EXPECT_FALSE(permits("", "127.0.0.1"));
    EXPECT_FALSE(permits(",", "127.0.0.1"));
    EXPECT_FALSE(Clients::parse("local,::/0")->permit(net::Address()));
}

TEST(StatusClientsTest, NetworksToTheBit) {
    EXPECT_TRUE(permits("192.0.2.7", "192.0.2.7"));
    EXPECT_FALSE(permits("192.0.2.7", "192.0.2.6"));
    EXPECT_TRUE(permits("local, 192.0.2.0/25", "192.0.2.127"));
    EXPECT_FALSE(permits("local, 192.0.2.0/25", "192.0.2.128"));
    EXPECT_TRUE(permits("10.0.0.0/9", "10.127.3.4"));
    EXPECT_FALSE(permits("10.0.0.0/9", "10.128.3.4"));
    EXPECT_TRUE(permits("0.0.0.0/0", "203.0.113.9"));
    EXPECT_FALSE(permits("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(permits("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(permits("2001:db8::/33", "2001:db8:8000::1"));
    EXPECT_TRUE(permits("2001:db8::1/128", "2001:db8::1"));
    EXPECT_FALSE(permits("2001:db8::/127", "2001:db8::2"));
}

TEST(StatusClientsTest, WhatIsNoAddressIsNamed) {
    for (const char* text : {"localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "10.0.0", "/8",
                             "127.0.0.1/8", "unix:/x", "1.2.3.4:80"}) {
        const auto parsed = Clients::parse(std::string("local,") + text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_NE(std::string::npos, parsed.error().text.find('"' + std::string(text) + '"'));
    }
}

TEST(StatusFormatTest, TheQueryWinsOverTheField) {
    EXPECT_EQ(Format::Json, choose_format("format=json", "text/plain"));
    EXPECT_EQ(Format::Prometheus, choose_format("a&format=prometheus&b", "application/json"));
    EXPECT_EQ(Format::Json, choose_format("xformat=prometheus&format=", "application/json"));
}

TEST(StatusFormatTest, QualitiesDecide) {
    EXPECT_EQ(Format::Prometheus, choose_format("", ""));
    EXPECT_EQ(Format::Prometheus, choose_format("", "*/*"));
    EXPECT_EQ(Format::Json, choose_format("", "application/json"));
    EXPECT_EQ(Format::Json, choose_format("", "Application/JSON ; q=0.001"));
    EXPECT_EQ(Format::Prometheus, choose_format("", "application/json, text/plain"));
    EXPECT_EQ(Format::Json, choose_format("", "application/json, */*;q=0.999"));
    EXPECT_EQ(Format::Prometheus, choose_format("", "application/json;q=0.5, text/*;q=0.51"));
    EXPECT_EQ(Format::Prometheus, choose_format("", "application/json;q=nonsense"));
    EXPECT_EQ(Format::Json, choose_format("", "application/json;charset=utf-8;q=1.0, text/plain;q=0.9"));
}

}  // namespace
}  // namespace marmoset::status_module
