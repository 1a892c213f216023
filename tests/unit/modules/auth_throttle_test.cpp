// Failed sign-ins and the waits that follow: by address, by user, taken back, forgotten. And the nonces of
// Digest, with the counts that were used.
#include "modules/auth/throttle.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <string>

#include "modules/auth/nonces.h"

namespace marmoset::auth_module {
namespace {

net::Address address(const char* text) {
    sockaddr_in ip4{};
    ip4.sin_family = AF_INET;
    if (inet_pton(AF_INET, text, &ip4.sin_addr) == 1)
        return net::Address::from(reinterpret_cast<sockaddr*>(&ip4), sizeof ip4);
    sockaddr_in6 ip6{};
    ip6.sin6_family = AF_INET6;
    inet_pton(AF_INET6, text, &ip6.sin6_addr);
    return net::Address::from(reinterpret_cast<sockaddr*>(&ip6), sizeof ip6);
}

class ThrottleTest : public testing::Test {
  protected:
    SharedTable table{1000, SharedTable::WhenFull::Forget};
    Throttle throttle{table, {.failures = 3, .longest_ms = 10'000}};
    const net::Address here = address("192.0.2.1");
    uint64_t now = 1000;

    uint64_t fail(const std::string& user, const net::Address& from) {
        return throttle.begin(user, from, now);
    }
};

TEST_F(ThrottleTest, AnAddressWaitsLongerEachTime) {
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(fail("user" + std::to_string(i), here), 0u);
    EXPECT_EQ(fail("another", here), 1u);
    EXPECT_EQ(fail("another", address("192.0.2.2")), 0u);
    for (const uint64_t wait : {1, 2, 4, 8, 10, 10}) {
        EXPECT_EQ(fail("x", here), wait);
        now += wait * 1000 - 1;
        EXPECT_EQ(fail("x", here), 1u);
        now += 1;
        throttle.succeeded("x", address("203.0.113.9"), now);  // the user is not what is waited for
        EXPECT_EQ(fail("x", here), 0u);
    }
}

TEST_F(ThrottleTest, AUserIsProtectedFromMany) {
    for (int i = 0; i < 6; ++i)
        EXPECT_EQ(fail("alice", address(("192.0.2." + std::to_string(10 + i)).c_str())), 0u) << i;
    EXPECT_EQ(fail("alice", address("198.51.100.1")), 1u);
    EXPECT_EQ(fail("bob", address("198.51.100.1")), 0u);
    EXPECT_EQ(fail("bob", address("198.51.100.1")), 0u);  // what alice's refused costs nobody anything
    EXPECT_EQ(fail("bob", address("198.51.100.1")), 0u);
}

TEST_F(ThrottleTest, AUsersOwnAddressIsNotHeldBackByOthers) {
    EXPECT_EQ(fail("alice", here), 0u);
    throttle.succeeded("alice", here, now);
    for (int i = 0; i < 6; ++i)
        EXPECT_EQ(fail("alice", address(("192.0.2." + std::to_string(10 + i)).c_str())), 0u) << i;
    EXPECT_EQ(fail("alice", address("198.51.100.1")), 1u);
    // Again and again, for her; not for others there, nor for her elsewhere.
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(fail("alice", here), 0u);
        throttle.succeeded("alice", here, now);
    }
    EXPECT_EQ(fail("alice", address("198.51.100.1")), 1u);
    // Her address's own failures count as anybody's.
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(fail("alice", here), 0u);
    EXPECT_EQ(fail("alice", here), 1u);
    now += Throttle::kOwnAddressMs;
    for (int i = 0; i < 6; ++i)
        EXPECT_EQ(fail("alice", address(("192.0.2." + std::to_string(10 + i)).c_str())), 0u) << i;
    EXPECT_EQ(fail("alice", here), 1u);
}

TEST_F(ThrottleTest, ASuccessDoesNotForgiveTheGuessesOfOthers) {
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(fail("alice", address(("192.0.2." + std::to_string(10 + i)).c_str())), 0u) << i;
    EXPECT_EQ(fail("alice", here), 0u);
    throttle.succeeded("alice", here, now);
    EXPECT_EQ(fail("alice", address("192.0.2.20")), 0u);
    EXPECT_EQ(fail("alice", address("192.0.2.21")), 1u);
}

TEST_F(ThrottleTest, ASuccessTakesItsOwnCountBack) {
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(fail("alice", here), 0u);
        throttle.succeeded("alice", here, now);
    }
    EXPECT_EQ(fail("bob", here), 0u);
    EXPECT_EQ(fail("bob", here), 0u);
    EXPECT_EQ(fail("alice", here), 0u);
    throttle.succeeded("alice", here, now);
    EXPECT_EQ(fail("bob", here), 0u);
    EXPECT_EQ(fail("bob", here), 1u);
}

TEST_F(ThrottleTest, ASuccessEndsTheWait) {
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(fail("alice", here), 0u);
    EXPECT_EQ(fail("alice", here), 1u);
    now += 1000;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(fail("alice", here), 0u);
        throttle.succeeded("alice", here, now);
        EXPECT_EQ(throttle.wait(here, now), 0u);
    }
}

// Who has an account gains no guesses at others by signing in before each of them.
TEST_F(ThrottleTest, ASuccessGivesNoGuesses) {
    const auto guesses = [this](const net::Address& from, bool signs_in) {
        unsigned made = 0;
        for (const uint64_t end = now + 600'000; now < end; now += 100) {
            if (signs_in && fail("mallory", from) == 0) throttle.succeeded("mallory", from, now);
            made += fail("user" + std::to_string(made), from) == 0 ? 1 : 0;
        }
        return made;
    };
    const unsigned without = guesses(here, false);
    EXPECT_EQ(without, guesses(address("192.0.2.77"), true));
    EXPECT_LT(without, 80u);
}

TEST_F(ThrottleTest, ManyAtOnceAreNoWayAround) {
    // None has been answered yet.
    unsigned begun = 0;
    for (int i = 0; i < 100; ++i)
        begun += fail("u" + std::to_string(i), here) == 0 ? 1 : 0;
    EXPECT_EQ(begun, 3u);
}

TEST_F(ThrottleTest, WhatCouldNotBeTriedCountsNothing) {
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(fail("alice", here), 0u);
        throttle.take_back("alice", here, now);
    }
}

TEST_F(ThrottleTest, FailuresAreForgotten) {
    EXPECT_EQ(fail("a", here), 0u);
    EXPECT_EQ(fail("b", here), 0u);
    now += Throttle::kMemoryMs;
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(fail("c", here), 0u);
    EXPECT_EQ(fail("d", here), 1u);
}

TEST_F(ThrottleTest, AnIpv6NetworkIsOneAddress) {
    for (int i = 1; i <= 3; ++i)
        EXPECT_EQ(fail("u", address(("2001:db8::" + std::to_string(i)).c_str())), 0u);
    EXPECT_EQ(fail("u", address("2001:db8::ffff:4")), 1u);
    EXPECT_EQ(fail("u", address("2001:db8:0:1::4")), 0u);
}

class NoncesTest : public testing::Test {
  protected:
    SharedTable table{1000, SharedTable::WhenFull::Refuse};
    Nonces nonces{table, "key", 10'000};
};

TEST_F(NoncesTest, AreOursForTheirTime) {
    const std::string nonce = nonces.make(1000);
    EXPECT_NE(nonce, nonces.make(1000));
    EXPECT_EQ(nonces.check(nonce, 1000), Nonces::State::Good);
    EXPECT_EQ(nonces.check(nonce, 990), Nonces::State::Good);  // another worker's clock
    EXPECT_EQ(nonces.check(nonce, 10'999), Nonces::State::Good);
    EXPECT_EQ(nonces.check(nonce, 11'000), Nonces::State::Stale);
    EXPECT_EQ(nonces.check(nonces.make(60'000), 1000), Nonces::State::Stale);
    EXPECT_EQ(Nonces(table, "another", 10'000).check(nonce, 1000), Nonces::State::Foreign);
    for (size_t i = 0; i < nonce.size(); ++i) {
        std::string changed = nonce;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(nonces.check(changed, 1000), Nonces::State::Foreign) << i;
    }
    for (const char* text : {"", "x", "AAAA"})
        EXPECT_EQ(nonces.check(text, 1000), Nonces::State::Foreign);
}

TEST_F(NoncesTest, ACountIsGoodOnce) {
    const std::string nonce = nonces.make(1000);
    EXPECT_TRUE(nonces.use(nonce, 1, 1000));
    EXPECT_FALSE(nonces.use(nonce, 1, 1000));
    EXPECT_TRUE(nonces.use(nonce, 3, 1000));
    EXPECT_TRUE(nonces.use(nonce, 2, 1000));  // by another connection
    EXPECT_FALSE(nonces.use(nonce, 2, 1000));
    EXPECT_FALSE(nonces.use(nonce, 3, 1000));
    EXPECT_TRUE(nonces.use(nonce, 1000, 1000));
    EXPECT_TRUE(nonces.use(nonce, 1000 - Nonces::kWindow + 1, 1000));
    EXPECT_FALSE(nonces.use(nonce, 1000 - Nonces::kWindow, 1000));
    EXPECT_TRUE(nonces.use(nonce, UINT32_MAX, 1000));
    EXPECT_FALSE(nonces.use(nonce, UINT32_MAX, 1000));
    EXPECT_TRUE(nonces.use(nonces.make(1000), 1, 1000));
}

}  // namespace
}  // namespace marmoset::auth_module
