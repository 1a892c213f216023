// Users over HTTP: what forms and JSON mean, and what is written.
#include "modules/auth/management.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "auth/file_store.h"
#include "tests/support/temporary_folder.h"

namespace marmoset::auth_module {
namespace {

TEST(AuthManagement, FormsAndJsonMeanTheSame) {
    const auto form = parse_user_form(
        "user=al&passwd=a+b%26&group=users&home=%7Eal&status=reapproving&issuers=totp,x&other=1");
    const auto json = parse_user_json(R"({"user": "al", "password": "a b&", "group": "users", "home": "~al",
                                          "status": "reapproving", "issuers": ["totp", "x"], "other": "1"})");
    for (const auto& change : {form, json}) {
        ASSERT_TRUE(change);
        EXPECT_EQ(change->name, "al");
        EXPECT_EQ(change->password, "a b&");
        EXPECT_EQ(change->group, "users");
        EXPECT_EQ(change->home, "~al");
        EXPECT_EQ(change->status, auth::UserStatus::Reapproving);
        EXPECT_EQ(change->factors_off, (std::vector<std::string>{"totp", "x"}));
    }
    EXPECT_FALSE(parse_user_form("")->group);
    EXPECT_EQ(parse_user_form("group=")->group, "");
    EXPECT_EQ(parse_user_json("{}")->name, std::nullopt);
}

TEST(AuthManagement, WhatIsNoChange) {
    for (const char* body :
         {"user=a&user=b", "passwd=a&password=b", "status=king", "status=", "home=%zz", "home=a%00b",
          "issuers=a b", "a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1"})
        EXPECT_FALSE(parse_user_form(body)) << body;
    for (const char* body : {"", "x", "[]", "\"a\"", R"({"user": 1})", R"({"user": null})",
                             R"({"user": ["a"]})", R"({"home": "a", "home": "b"})", R"({"issuers": [1]})",
                             R"({"issuers": {}})", R"({"status": "king"})", R"({"home": "a\u0000b"})"})
        EXPECT_FALSE(parse_user_json(body)) << body;
}

TEST(AuthManagement, WhatIsWritten) {
    auth::User user;
    user.name = "a\"&";
    user.password = "secret";
    user.totp_key = "secret";
    user.group = "users";
    user.factors_off = {"totp"};
    EXPECT_EQ(write_user(user, UserFormat::Json),
              R"({"user":"a\"&","group":"users","status":"activated","home":"","issuers":["totp"]})");
    EXPECT_EQ(write_user(user, UserFormat::Form), "user=a%22%26&group=users&status=activated&home=");
    EXPECT_EQ(write_users({}, UserFormat::Json), "[]");
    EXPECT_EQ(
        write_users({user, user}, UserFormat::Form),
        "user=a%22%26&group=users&status=activated&home=\nuser=a%22%26&group=users&status=activated&home=\n");
}

TEST(AuthManagement, AChangeThatCanNotBeMadeChangesNothing) {
    const test::TemporaryFolder folder;
    const auto store = auth::FileStore::open(folder.write("passwd", "al:old:users:h\n")).take();
    auth::PasswordRecipe clear;
    clear.form = auth::PasswordForm::Clear;
    for (const char* body :
         {"group=new&passwd=", "group=new&passwd=a%0Ab", "group=a:b", "group=new&status=repudiated"}) {
        const auto changed = change_user(*store, "al", *parse_user_form(body), clear);
        ASSERT_FALSE(changed) << body;
        EXPECT_EQ(400u, user_failure(changed.error()).status) << changed.error().text;
        EXPECT_EQ("al:old:users:h\n", folder.read("passwd")) << body;
    }
    EXPECT_EQ(404u, user_failure(change_user(*store, "bo", {}, clear).error()).status);
    EXPECT_EQ(409u, user_failure(add_user(*store, "al", {}, clear).error()).status);
    ASSERT_TRUE(change_user(*store, "al", *parse_user_form("passwd=new&home="), clear));
    EXPECT_EQ("al:new:users\n", folder.read("passwd"));
    ASSERT_TRUE(add_user(*store, "bo", *parse_user_form("passwd=x"), clear));
    EXPECT_EQ("al:new:users\nbo:x\n", folder.read("passwd"));
}

TEST(AuthManagement, Failures) {
    EXPECT_EQ(403u, user_failure({"", EROFS}).status);
    EXPECT_EQ(403u, user_failure({"", EACCES}).status);
    EXPECT_EQ(500u, user_failure({"", EIO}).status);
}

}  // namespace
}  // namespace marmoset::auth_module
