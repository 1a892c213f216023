// Attempts to sign in at a provider: what a browser carries of them.
#include "modules/auth/attempts.h"

#include <gtest/gtest.h>

#include <set>

namespace marmoset::auth_module {
namespace {

constexpr int64_t kNow = 1'800'000'000;

Attempts attempts(char c = 's') {
    return Attempts::make(std::string(32, c)).take();
}

TEST(AuthAttempts, ComeBackInAnyWorker) {
    const Attempt begun = attempts().begin("/a?b");
    const std::string cookie = attempts().write(begun, kNow).take();
    const auto ended = attempts().read(cookie, begun.texts.state, kNow + Attempts::kSeconds - 1);
    ASSERT_TRUE(ended);
    EXPECT_EQ("/a?b", ended->return_to);
    EXPECT_EQ(begun.texts.state, ended->texts.state);
    EXPECT_EQ(begun.texts.nonce, ended->texts.nonce);
    EXPECT_EQ(begun.texts.verifier, ended->texts.verifier);
    EXPECT_EQ(43u, ended->texts.verifier.size());  // RFC 7636 4.1
    EXPECT_NE(ended->texts.verifier, ended->texts.nonce);
    // What the cookie shows is of no use without our secret.
    EXPECT_EQ(std::string::npos, cookie.find(begun.texts.verifier));
}

TEST(AuthAttempts, NobodyElsesCounts) {
    const Attempt begun = attempts().begin("/"), other = attempts().begin("/");
    const std::string cookie = attempts().write(begun, kNow).take();
    EXPECT_NE(begun.texts.state, other.texts.state);
    EXPECT_NE(begun.texts.nonce, other.texts.nonce);
    EXPECT_FALSE(attempts().read(cookie, other.texts.state, kNow));
    EXPECT_FALSE(attempts().read(cookie, "", kNow));
    EXPECT_FALSE(attempts().read("", begun.texts.state, kNow));
    EXPECT_FALSE(attempts().read(cookie + "x", begun.texts.state, kNow));
    EXPECT_FALSE(attempts().read(cookie, begun.texts.state, kNow + Attempts::kSeconds));
    EXPECT_FALSE(attempts('t').read(cookie, begun.texts.state, kNow));
}

TEST(AuthAttempts, FitIntoCookies) {
    const Attempt longest = attempts().begin("/" + std::string(Attempts::kLongestTarget - 1, 'x'));
    EXPECT_EQ(Attempts::kLongestTarget, longest.return_to.size());
    EXPECT_LT(attempts().write(longest, kNow)->size(), 3000u);
    EXPECT_EQ("", attempts().begin(std::string(Attempts::kLongestTarget + 1, '/')).return_to);
    std::set<std::string> names;
    for (int i = 0; i < 500; ++i)
        names.insert(Attempts::cookie_name(attempts().begin("/").texts.state));
    EXPECT_LE(names.size(), 8u);
    EXPECT_GE(names.size(), 2u);
}

}  // namespace
}  // namespace marmoset::auth_module
