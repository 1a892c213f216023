// authrpc without a server: guesses at passwords, many calls at once.
#include <algorithm>
#include <thread>
#include <vector>

#include "tests/unit/jsonrpc/authrpc.h"

namespace marmoset::authrpc {
namespace {

TEST_P(AuthrpcTest, GuessingIsSlowedDownWhateverTheMethod) {
    Connection guesser = session("", "", "192.0.2.66");
    for (int i = 0; i < 5; ++i) {
        const bool odd = i % 2 == 1;
        EXPECT_EQ(wrong_, call(odd      ? &Service::passwd
                               : i == 0 ? &Service::rmuser
                                        : &Service::auth,
                               guesser,
                               R"({"user":"u)" + std::to_string(i) +
                                   R"(","passwd":"x","old":"x","new":"n","confirm":"n"})"));
    }
    const std::string answer = call(&Service::auth, guesser, R"({"user":"alice","passwd":"wonder"})");
    EXPECT_EQ(0u, answer.find(R"({"code":429,"data":"too many failures, try again in )")) << answer;
    EXPECT_NE(std::string::npos, answer.find("\"retry_after\":")) << answer;
    now_ms_ += 999;
    // A new connection from there is no way out, another address is not concerned.
    Connection again = session("", "", "192.0.2.66");
    EXPECT_EQ(0u,
              call(&Service::auth, again, R"({"user":"alice","passwd":"wonder"})").find(R"({"code":429)"));
    Connection other = session("", "", "192.0.2.67");
    EXPECT_EQ(0u,
              call(&Service::auth, other, R"({"user":"alice","passwd":"wonder"})").find(R"({"algorithm")"));
    now_ms_ += 1;
    EXPECT_EQ(0u,
              call(&Service::auth, again, R"({"user":"alice","passwd":"wonder"})").find(R"({"algorithm")"));
}

TEST_P(AuthrpcTest, AUserIsProtectedFromManyAddresses) {
    for (int i = 0; i < 10; ++i) {
        Connection connection = session("", "", ("192.0.2." + std::to_string(100 + i)).c_str());
        EXPECT_EQ(wrong_, call(&Service::auth, connection, R"({"user":"bob","passwd":"x"})"));
    }
    Connection connection = session("", "", "192.0.2.99");
    EXPECT_EQ(
        0u, call(&Service::auth, connection, R"({"user":"bob","passwd":"builder"})").find(R"({"code":429)"));
    EXPECT_EQ(
        0u,
        call(&Service::auth, connection, R"({"user":"alice","passwd":"wonder"})").find(R"({"algorithm")"));
}

// Clients of STREAM and of lines: the gateway's address, or none, is everybody's.
TEST_P(AuthrpcTest, WhoGuessesFromNowhereKeepsNobodyElseOut) {
    Connection guesser = session("", "", ""), alice = session("", "", "");
    for (int i = 0; i < 30; ++i) {
        call(&Service::auth, guesser, R"({"user":"bob","passwd":"x"})");
        EXPECT_EQ(
            0u, call(&Service::auth, alice, R"({"user":"alice","passwd":"wonder"})").find(R"({"algorithm")"));
    }
    // The user is guarded all the same, also where one has signed in without an address before.
    EXPECT_EQ(0u, call(&Service::auth, alice, R"({"user":"bob","passwd":"builder"})").find(R"({"code":429)"));
    now_ms_ += auth::Throttle::kLongestUserMs;
    EXPECT_EQ(0u,
              call(&Service::auth, alice, R"({"user":"bob","passwd":"builder"})").find(R"({"algorithm")"));
    for (int i = 0; i < 11; ++i)
        call(&Service::auth, guesser, R"({"user":"bob","passwd":"x"})");
    EXPECT_EQ(0u, call(&Service::auth, alice, R"({"user":"bob","passwd":"builder"})").find(R"({"code":429)"));
}

TEST_P(AuthrpcTest, ARightPasswordEndsTheWait) {
    Connection alice = session();
    for (int i = 0; i < 5; ++i)
        call(&Service::auth, alice, R"({"user":"alice","passwd":"x"})");
    now_ms_ += 1000;
    EXPECT_EQ(0u,
              call(&Service::auth, alice, R"({"user":"alice","passwd":"wonder"})").find(R"({"algorithm")"));
    EXPECT_EQ(done_, call(&Service::passwd, alice, R"({"old":"wonder","new":"n","confirm":"n"})"));
}

TEST_P(AuthrpcTest, DeniedCallsDoNotFloodTheLog) {
    Connection nobody = session();
    for (int i = 0; i < 1000; ++i)
        call(&Service::listusers, nobody);
    EXPECT_EQ(20, std::count(log_.begin(), log_.end(), '\n'));
    now_ms_ += 10'000;
    call(&Service::listusers, nobody);
    EXPECT_NE(std::string::npos, log_.find("(980 more like it)"));
}

TEST_P(AuthrpcTest, ManyThreads) {
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            Connection connection = session("", "", ("198.51.100." + std::to_string(t)).c_str());
            for (int i = 0; i < 20; ++i)
                right += call(&Service::auth, connection, R"({"user":"alice","passwd":"wonder"})")
                             .find(R"({"algorithm")") == 0;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(80, right);
}

TEST(AuthrpcThrottle, CountsNetworksOfIpv6) {
    EXPECT_EQ(throttle_source("2001:db8::1"), throttle_source("2001:db8::2"));
    EXPECT_NE(throttle_source("2001:db8::1"), throttle_source("2001:db8:0:1::1"));
    EXPECT_NE(throttle_source("192.0.2.1"), throttle_source("192.0.2.2"));
    EXPECT_EQ("", throttle_source(""));
    EXPECT_EQ("", throttle_source("unix"));
}

}  // namespace
}  // namespace marmoset::authrpc
