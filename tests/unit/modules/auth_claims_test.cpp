// Which user a provider's claims mean.
#include "modules/auth/claims.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace marmoset::auth_module {
namespace {

Json claims(std::string_view text) {
    return Json::parse(as_bytes(text)).take();
}

std::string user(std::string_view text, const ClaimRules& rules) {
    const auto found = user_of_claims(claims(text).get(), rules);
    if (found) return found->name + "/" + found->group;
    EXPECT_EQ(EACCES, found.error().code);
    return "(" + found.error().text + ")";
}

ClaimRules rules(std::string name, std::string group = {}) {
    ClaimRules made;
    made.name = std::move(name);
    made.group = std::move(group);
    made.other_group = "guests";
    made.groups = {{"admins", "root"}, {"staff", "users"}};
    return made;
}

TEST(AuthClaims, Names) {
    EXPECT_EQ(user(R"({"sub": "1", "preferred_username": "alice"})", rules("preferred_username")),
              "alice/guests");
    EXPECT_EQ(user(R"({"id": 42})", rules("id")), "42/guests");
    EXPECT_EQ(user(R"({"a": {"b.c": "x"}})", rules("a.b.c")), "x/guests");
    EXPECT_EQ(user(R"({"https://h/name": "x"})", rules("https://h/name")), "x/guests");
    EXPECT_EQ(user(R"({"sub": "1"})", rules("name")), "(the provider tells no name)");
    for (const char* text :
         {R"({"name": 1.5})", R"({"name": true})", R"({"name": ["x"]})", R"({"name": ""})", "[]"})
        EXPECT_EQ(user(text, rules("name")), "(the provider tells no name)") << text;
    for (const char* text :
         {R"({"name": "a:b"})", R"({"name": "a\nb"})",
          R"({"name": "0123456789012345678901234567890123456789012345678901234567890123x"})"})
        EXPECT_EQ(user(text, rules("name")), "(the provider's name can't be a user's name here)") << text;
}

TEST(AuthClaims, AnEmailMustBeVerified) {
    EXPECT_EQ(user(R"({"email": "a@b", "email_verified": true})", rules("email")), "a@b/guests");
    for (const char* text : {R"({"email": "a@b"})", R"({"email": "a@b", "email_verified": false})",
                             R"({"email": "a@b", "email_verified": "true"})"})
        EXPECT_EQ(user(text, rules("email")), "(the provider has not verified the email)") << text;
}

TEST(AuthClaims, Groups) {
    const ClaimRules by_roles = rules("n", "roles");
    EXPECT_EQ(user(R"({"n": "a", "roles": ["staff", "admins"]})", by_roles), "a/root");
    EXPECT_EQ(user(R"({"n": "a", "roles": ["x", "staff"]})", by_roles), "a/users");
    EXPECT_EQ(user(R"({"n": "a", "roles": "staff"})", by_roles), "a/users");
    for (const char* text :
         {R"({"n": "a", "roles": ["root", "staf", "staffs", 1, null]})", R"({"n": "a", "roles": "root"})",
          R"({"n": "a", "roles": {"staff": 1}})", R"({"n": "a"})", R"({"n": "a", "roles": 7})"})
        EXPECT_EQ(user(text, by_roles), "a/guests") << text;
    EXPECT_EQ(user(R"({"n": "a", "x": {"roles": ["staff"]}})", rules("n", "x.roles")), "a/users");
}

TEST(AuthClaims, WhetherThereIsMoreToAsk) {
    EXPECT_TRUE(has_claims(claims(R"({"n": "a"})").get(), rules("n")));
    EXPECT_FALSE(has_claims(claims(R"({"m": "a"})").get(), rules("n")));
    EXPECT_FALSE(has_claims(claims(R"({"n": "a"})").get(), rules("n", "g")));
    EXPECT_TRUE(has_claims(claims(R"({"n": "a", "g": []})").get(), rules("n", "g")));
}

}  // namespace
}  // namespace marmoset::auth_module
