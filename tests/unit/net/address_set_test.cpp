// Sets of addresses and the rule made of two of them.
#include "net/address_set.h"

#include <gtest/gtest.h>

#include <vector>

namespace marmoset::net {
namespace {

Address address(std::string_view text) {
    const auto parsed = Address::parse(text, 0);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Address());
}

Address unix_peer() {
    const sockaddr un{.sa_family = AF_UNIX, .sa_data = {}};
    return Address::from(&un, sizeof un);
}

AddressSet set(std::vector<std::string> texts) {
    auto parsed = AddressSet::parse(texts);
    EXPECT_TRUE(parsed) << parsed.error().text;
    return parsed ? parsed.take() : AddressSet();
}

bool holds(const std::string& text, std::string_view peer) {
    return set({text}).contains(address(peer));
}

TEST(AddressTest, IsReadAsItIsWritten) {
    EXPECT_EQ("192.0.2.1:80", Address::parse("192.0.2.1", 80)->text());
    EXPECT_EQ("[2001:db8::1]:443", Address::parse("2001:db8::1", 443)->text());
    EXPECT_EQ("192.0.2.1", Address::parse("::ffff:192.0.2.1", 0)->host());
    for (const char* text : {"", "localhost", "192.0.2", "192.0.2.1 ", "192.0.2.01", "[::1]", "fe80::1%lo",
                             "::1::", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa"})
        EXPECT_FALSE(Address::parse(text, 0)) << text;
    EXPECT_FALSE(Address::parse(std::string_view("192.0.2.1\0x", 11), 0));
}

TEST(AddressSetTest, AddressesAlone) {
    EXPECT_TRUE(holds("10.0.0.1", "10.0.0.1"));
    EXPECT_FALSE(holds("10.0.0.1", "10.0.0.12"));  // no text that may go on, as a pattern of paths
    EXPECT_FALSE(holds("10.0.0.1", "10.0.0.0"));
    EXPECT_TRUE(holds("^10.0.0.1$", "10.0.0.1"));
    EXPECT_TRUE(holds("2001:db8::1", "2001:0db8:0::0:1"));
    EXPECT_FALSE(holds("2001:db8::1", "2001:db8::2"));
}

TEST(AddressSetTest, NetworksToTheBit) {
    EXPECT_TRUE(holds("192.0.2.0/25", "192.0.2.127"));
    EXPECT_FALSE(holds("192.0.2.0/25", "192.0.2.128"));
    EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.255"));
    EXPECT_TRUE(holds("192.0.2.7/32", "192.0.2.7"));
    EXPECT_TRUE(holds("0.0.0.0/0", "255.255.255.255"));
    EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff:ffff::1"));
    EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::"));
    EXPECT_TRUE(holds("2001:db8::1/128", "2001:db8::1"));
    EXPECT_TRUE(holds("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(AddressSetTest, FamiliesAreApartButForMappedAddresses) {
    EXPECT_FALSE(holds("::/0", "192.0.2.1"));
    EXPECT_FALSE(holds("::/0", "::ffff:192.0.2.1"));
    EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(holds("192.0.2.1", "::ffff:192.0.2.1"));
    EXPECT_TRUE(holds("::ffff:192.0.2.1", "192.0.2.1"));
    EXPECT_TRUE(holds("::ffff:192.0.2.0/120", "192.0.2.77"));
    EXPECT_FALSE(holds("::ffff:192.0.2.0/120", "192.0.3.77"));
    EXPECT_TRUE(holds("::ffff:0:0/96", "203.0.113.1"));
    EXPECT_FALSE(holds("::/64", "0.0.0.1"));
}

TEST(AddressSetTest, PatternsOfWholeParts) {
    EXPECT_TRUE(holds("10.0.0.*", "10.0.0.255"));
    EXPECT_FALSE(holds("10.0.0.*", "10.0.1.0"));
    EXPECT_TRUE(holds("10.*", "10.255.0.1"));
    EXPECT_TRUE(holds("^10.*.*.*", "10.255.0.1"));
    EXPECT_FALSE(holds("10.*", "11.0.0.0"));
    EXPECT_FALSE(holds("10.*", "210.0.0.1"));  // never from the middle
    EXPECT_TRUE(holds("2001:DB8:*", "2001:db8:ffff::1"));
    EXPECT_FALSE(holds("2001:db8:*", "2001:db9::1"));
}

TEST(AddressSetTest, EverybodyAndUnixSockets) {
    EXPECT_TRUE(set({"*"}).contains(Address()));
    EXPECT_TRUE(set({"*"}).contains(unix_peer()));
    EXPECT_TRUE(set({"*"}).holds_all());
    EXPECT_FALSE(set({"*"}).names(address("10.0.0.1")));
    EXPECT_TRUE(set({"unix"}).contains(unix_peer()));
    EXPECT_FALSE(set({"unix"}).contains(Address()));
    EXPECT_FALSE(set({"0.0.0.0/0, ::/0"}).contains(unix_peer()));
    EXPECT_FALSE(set({"0.0.0.0/0, ::/0"}).contains(Address()));
}

TEST(AddressSetTest, SeveralElementsHoweverWritten) {
    const AddressSet several = set({"10.0.0.1,10.0.0.3 , 2001:db8::/32", "192.0.2.* 127.0.0.1", ""});
    for (const char* in : {"10.0.0.1", "10.0.0.3", "2001:db8::9", "192.0.2.9", "127.0.0.1"})
        EXPECT_TRUE(several.contains(address(in))) << in;
    for (const char* out : {"10.0.0.0", "10.0.0.2", "10.0.0.4", "2001:db7:ffff::", "2001:db9::", "127.0.0.2"})
        EXPECT_FALSE(several.contains(address(out))) << out;
    EXPECT_TRUE(set({}).empty());
    EXPECT_TRUE(set({" , ,"}).empty());
    EXPECT_FALSE(set({}).contains(address("10.0.0.1")));
}

// Overlapping, touching, nested and equal ones, in every order, against looking at each.
TEST(AddressSetTest, RangesAreMergedWithoutLossOrGain) {
    const std::vector<std::string> networks = {"10.0.0.8/29",  "10.0.0.0/29",  "10.0.0.4/30",
                                               "10.0.0.32/32", "10.0.0.33/32", "10.0.0.32/31"};
    for (size_t shift = 0; shift < networks.size(); ++shift) {
        std::vector<std::string> order(networks.begin() + static_cast<ptrdiff_t>(shift), networks.end());
        order.insert(order.end(), networks.begin(), networks.begin() + static_cast<ptrdiff_t>(shift));
        const AddressSet merged = set(order);
        for (int last = 0; last < 64; ++last) {
            const bool expected = last < 16 || last == 32 || last == 33;
            EXPECT_EQ(expected, merged.contains(address("10.0.0." + std::to_string(last)))) << last;
        }
        EXPECT_FALSE(merged.contains(address("9.255.255.255")));
    }
    const AddressSet whole = set({"128.0.0.0/1", "0.0.0.0/1", "255.255.255.255"});
    EXPECT_TRUE(whole.contains(address("0.0.0.0")));
    EXPECT_TRUE(whole.contains(address("255.255.255.255")));
}

TEST(AddressSetTest, WhatIsNoneOfTheseIsNamed) {
    for (const char* text : {"localhost",  "10.0.0",         "10.0.0.256",   "10.0.0.1/33",
                             "10.0.0.1/",  "10.0.0.0/-1",    "10.0.0.0/8x",  "/8",
                             "10.0.0.1/8", "2001:db8::1/32", "::/129",       "10.*.0.1",
                             "10.0.0.1*",  "10.0.0.*.*",     "1.2.3.4.*",    "10.0.0.",
                             "10.*.",      "*.10",           "**",           "2001:db8::*",
                             "2001:*:1",   "12345:*",        ":*",           "1:2:3:4:5:6:7:8:*",
                             "1.2.3.4:80", "[::1]",          "fe80::1%eth0", "^",
                             "$",          "010.0.0.1"}) {
        const std::vector<std::string> texts = {std::string("10.0.0.1, ") + text};
        const auto parsed = AddressSet::parse(texts);
        ASSERT_FALSE(parsed) << text;
        EXPECT_NE(std::string::npos, parsed.error().text.find('"' + std::string(text) + '"'))
            << parsed.error().text;
    }
}

bool permits(const char* allow, const char* deny, std::string_view peer, bool deny_last = false) {
    return AddressRule{set({allow}), set({deny}), deny_last}.permits(address(peer));
}

TEST(AddressSetTest, NothingHidesBehindANul) {
    const std::vector<std::string> texts = {std::string("10.0.0.1\0/8", 11)};
    EXPECT_FALSE(AddressSet::parse(texts));
}

TEST(AddressRuleTest, TheTableOfAccessRules) {
    EXPECT_TRUE(permits("", "", "10.0.0.1"));
    // 1: a deny other than the bare star refuses, also what allow names.
    EXPECT_FALSE(permits("10.0.0.*", "10.0.0.1", "10.0.0.1"));
    EXPECT_FALSE(permits("*", "10.0.0.1", "10.0.0.1"));
    EXPECT_FALSE(permits("", "10.0.0.1", "10.0.0.1"));
    // 2: allow accepts.
    EXPECT_TRUE(permits("10.0.0.*", "10.0.0.1", "10.0.0.2"));
    EXPECT_TRUE(permits("10.0.0.*", "*", "10.0.0.2"));
    // 3: a bare star, or no deny beside an allow, refuses the rest.
    EXPECT_FALSE(permits("10.0.0.*", "*", "10.0.1.2"));
    EXPECT_FALSE(permits("10.0.0.*", "", "10.0.1.2"));
    EXPECT_FALSE(permits("10.0.0.*", ",", "10.0.1.2"));
    EXPECT_FALSE(permits("", "*", "10.0.1.2"));
    // 4: else accepted.
    EXPECT_TRUE(permits("10.0.0.*", "10.0.0.1", "192.0.2.1"));
    EXPECT_TRUE(permits("", "10.0.0.1", "192.0.2.1"));
    EXPECT_FALSE(permits("10.0.0.*", "10.0.0.1, *", "192.0.2.1"));
}

TEST(AddressRuleTest, DenyLastLetsAllowWin) {
    EXPECT_TRUE(permits("10.0.0.*", "10.0.0.1", "10.0.0.1", true));
    EXPECT_FALSE(permits("10.0.0.*", "10.0.1.1", "10.0.1.1", true));
    EXPECT_FALSE(permits("10.0.0.*", "*", "10.0.1.1", true));
    EXPECT_FALSE(permits("10.0.0.*", "", "10.0.1.1", true));
    EXPECT_TRUE(permits("*", "10.0.0.1", "10.0.0.1", true));
}

}  // namespace
}  // namespace marmoset::net
