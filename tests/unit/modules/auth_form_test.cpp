// Forms, cookies and the places that a sign-in may lead to.
#include "modules/auth/form.h"

#include <gtest/gtest.h>

#include <string>

namespace marmoset::auth_module {
namespace {

TEST(AuthForm, FieldsAreDecoded) {
    const auto form = Form::parse("username=al%C3%AFce&password=a+b%2Bc%26d&&empty&password=second");
    ASSERT_TRUE(form);
    EXPECT_EQ(form->find({"username", "user"}),
              "al\xC3\xAF"
              "ce");
    EXPECT_EQ(form->find({"password"}), "a b+c&d");
    EXPECT_EQ(form->find({"empty"}), "");
    EXPECT_EQ(form->find({"absent"}), "");
    EXPECT_TRUE(Form::parse(""));
}

TEST(AuthForm, WhatIsNoFormIsRefused) {
    EXPECT_FALSE(Form::parse("a=%"));
    EXPECT_FALSE(Form::parse("a=%4"));
    EXPECT_FALSE(Form::parse("%zz=1"));
    EXPECT_FALSE(Form::parse("a=b%00c"));
    std::string many;
    for (size_t i = 0; i < kMostFormFields; ++i)
        many += "a=b&";
    EXPECT_TRUE(Form::parse(many));
    EXPECT_FALSE(Form::parse(many + "a=b"));
}

TEST(AuthCookie, IsFoundByItsWholeName) {
    EXPECT_EQ(find_cookie("a=1; X-Auth-Token=t; b=2", "X-Auth-Token"), "t");
    EXPECT_EQ(find_cookie("X-Auth-Token=\"t\"", "X-Auth-Token"), "t");
    EXPECT_EQ(find_cookie("X-Auth-Token=a=b==", "X-Auth-Token"), "a=b==");
    EXPECT_EQ(find_cookie(" X-Auth-Token = t ", "X-Auth-Token"), "t");
    EXPECT_EQ(find_cookie("NX-Auth-Token=t; x-auth-token=t; X-Auth-Token2=t", "X-Auth-Token"), "");
    EXPECT_EQ(find_cookie("X-Auth-Token", "X-Auth-Token"), "");
    EXPECT_EQ(find_cookie("", "X-Auth-Token"), "");
}

TEST(AuthCookie, OfTwoThatDifferNoneCounts) {
    EXPECT_EQ(find_cookie("T=a; T=a", "T"), "a");
    EXPECT_EQ(find_cookie("T=a; T=b", "T"), "");
}

TEST(AuthTarget, StaysAtItsOrigin) {
    for (const char* good : {"/", "/index.html", "/a?b=c#d", "/a//b", "/%2f%2fevil"})
        EXPECT_TRUE(is_local_target(good)) << good;
    for (const char* bad :
         {"", "index.html", "//evil", "///evil", "/\\evil", "\\\\evil", "http://evil", "javascript:x",
          "/a\\b", "/a\r\nSet-Cookie: x", "/a b", "/\t/evil", " /a", "/\xC3\xA4"})
        EXPECT_FALSE(is_local_target(bad)) << bad;
}

}  // namespace
}  // namespace marmoset::auth_module
