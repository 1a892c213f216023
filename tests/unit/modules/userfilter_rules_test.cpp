// What rules permit, and how they come in a form.
#include <gtest/gtest.h>

#include <string>

#include "modules/userfilter/rest.h"
#include "modules/userfilter/rules.h"

namespace marmoset::userfilter {
namespace {

const Asker kAlice{"alice", "users", "/home/alice", false};
const Asker kRoot{"root", "root", "", true};
const Asker kNobody{};

bool permits(const Rule& rule, std::string_view method, std::string_view path, const Asker& asker) {
    return RuleSet({rule}).permits(method, path, asker);
}

TEST(UserFilterRulesTest, NothingIsPermittedWithoutARule) {
    EXPECT_FALSE(RuleSet().permits("GET", "/", kRoot));
    EXPECT_FALSE(permits({1, "PUT", "*", "^/*"}, "GET", "/", kAlice));
}

TEST(UserFilterRulesTest, Roles) {
    const auto get = [](const char* role, const Asker& asker) {
        return permits({1, "GET", role, "^/*"}, "GET", "/x", asker);
    };
    EXPECT_TRUE(get("*", kAlice) && get("*", kNobody));
    EXPECT_TRUE(get("alice", kAlice) && get("users", kAlice));
    EXPECT_FALSE(get("Alice", kAlice) || get("alic", kAlice) || get("", kAlice) || get("root", kAlice));
    EXPECT_TRUE(get("anonymous", kNobody));
    EXPECT_FALSE(get("anonymous", kAlice) || get("users", kNobody) || get("", kNobody));
    EXPECT_TRUE(get("superuser", kRoot));
    EXPECT_FALSE(get("superuser", kAlice));
    // Names that mean something else don't make anybody that.
    EXPECT_FALSE(get("superuser", {"superuser", "superuser", "", false}));
    EXPECT_FALSE(get("anonymous", {"anonymous", "anonymous", "", false}));
    EXPECT_FALSE(get("alice", {"", "alice", "", false}));
}

TEST(UserFilterRulesTest, MethodsAndHead) {
    const Rule rule{1, "GET", "*", "^/*"};
    EXPECT_TRUE(permits(rule, "GET", "/", kNobody));
    EXPECT_TRUE(permits(rule, "HEAD", "/", kNobody));
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", ""})
        EXPECT_FALSE(permits(rule, method, "/", kNobody)) << method;
    EXPECT_FALSE(permits({1, "HEAD", "*", "^/*"}, "GET", "/", kNobody));
}

TEST(UserFilterRulesTest, FieldsOfExpressions) {
    EXPECT_TRUE(match_expression("^/private/%u/*", "/private/alice/x", kAlice));
    EXPECT_FALSE(match_expression("^/private/%u/*", "/private/bob/x", kAlice));
    EXPECT_FALSE(match_expression("^/private/%u/*", "/private/alicex/x", kAlice));
    EXPECT_TRUE(match_expression("^/%g/%u$", "/users/alice", kAlice));
    EXPECT_TRUE(match_expression("^/dav%h/*", "/dav/home/alice/x", kAlice));
    EXPECT_TRUE(match_expression("^/a,^/%u/*,^/b", "/b", kAlice));
    EXPECT_TRUE(match_expression("^/100%$", "/100%", kAlice));
    EXPECT_TRUE(match_expression("^/%x/%", "/%x/%", kAlice));
    EXPECT_TRUE(match_expression("^/%%u$", "/%alice", kAlice));
    EXPECT_FALSE(match_expression("", "/", kAlice));
}

// What replaces a field is never a pattern, nor nothing.
TEST(UserFilterRulesTest, NamesAreNoPatterns) {
    for (const char* name : {"", "*", "a*", "^", "$", "a,*", "x/y", "/"}) {
        const Asker asker{name, name, name, false};
        EXPECT_FALSE(match_expression("^/%u", "/bob/x", asker)) << name;
        EXPECT_FALSE(match_expression("^/%u*", "/bob/x", asker)) << name;
        EXPECT_FALSE(match_expression("^/%g*", "/bob/x", asker)) << name;
        EXPECT_FALSE(match_expression("%u", "/x/y/bob", asker)) << name;
        EXPECT_TRUE(match_expression("^/%u,^/bob", "/bob/x", asker)) << name;  // the others are as they were
    }
    EXPECT_FALSE(match_expression("^%h*", "/bob/x", {"a", "b", "", false}));
    EXPECT_FALSE(match_expression("^%h*", "/bob/x", {"a", "b", "*", false}));
}

TEST(UserFilterRestTest, Forms) {
    const auto rule = parse_rule_form("method=GET&role=users&pathexp=%5E%2Fa%2F%25u%2F%2A&other=1");
    ASSERT_TRUE(rule);
    EXPECT_EQ("GET", rule->method);
    EXPECT_EQ("users", rule->role);
    EXPECT_EQ("^/a/%u/*", rule->expression);
    EXPECT_EQ("a b", parse_rule_form("role=a+b&pathexp=x&method=GET")->role);
    for (const char* form : {"", "method=GET&role=users", "method=GET&role=users&pathexp=%5", "role&pathexp&",
                             "method=GET&role=users&pathexp=a&role=root", "method=GET;role=users;pathexp=a"})
        EXPECT_FALSE(parse_rule_form(form)) << form;
}

TEST(UserFilterRestTest, Paths) {
    EXPECT_EQ(17, parse_rule_path("/auth/filter/17"));
    EXPECT_EQ(INT64_MAX, parse_rule_path("/9223372036854775807"));
    for (const char* path :
         {"/auth/filter", "/auth/filter/", "/filter/x", "/filter/-1", "/filter/9223372036854775808", ""})
        EXPECT_FALSE(parse_rule_path(path)) << path;
}

TEST(UserFilterRestTest, Lists) {
    EXPECT_EQ("[]\n", write_rules(RuleSet()));
    EXPECT_EQ("[{\"method\":\"GET\",\"role\":\"a\\\"b\",\"pathexp\":\"^/*\",\"id\":3}]\n",
              write_rules(RuleSet({{3, "GET", "a\"b", "^/*"}})));
}

}  // namespace
}  // namespace marmoset::userfilter
