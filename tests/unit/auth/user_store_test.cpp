// Which store a configuration means; the simple one; the system's; names; one-time texts; who may in.
#include "auth/user_store.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "auth/one_time.h"
#include "auth/password_check.h"
#include "auth/password_hash.h"
#include "auth/simple_store.h"
#include "auth/system_store.h"
#include "tests/support/temporary_folder.h"

namespace marmoset::auth {
namespace {

std::string kind_of(const UserStoreSettings& settings) {
    const auto store = open_user_store(settings);
    return store ? std::string((*store)->kind()) : "(" + std::to_string(store.error().code) + ")";
}

TEST(UserStore, TheFirstThatFits) {
    const test::TemporaryFolder folder;
    UserStoreSettings settings;
    EXPECT_EQ("(" + std::to_string(EINVAL) + ")", kind_of(settings));
    settings.user = "foo";
    EXPECT_EQ("simple", kind_of(settings));
    settings.file = folder.write("passwd", "foo:bar\n");
    EXPECT_EQ("file", kind_of(settings));
    settings.file = folder.write("my-shadow", "foo:$6$x$y:19000:0:99999:7:::\n");
    EXPECT_EQ("unix", kind_of(settings));
    settings.dbname = folder.path("users.db");
    EXPECT_EQ("sqlite", kind_of(settings));
    settings.authz = "file";
    EXPECT_EQ("file", kind_of(settings));
    settings.authz = "unix";
    EXPECT_EQ("unix", kind_of(settings));
    settings.authz = "simple";
    EXPECT_EQ("simple", kind_of(settings));
    settings.authz = "ldap";
    EXPECT_EQ("(" + std::to_string(EINVAL) + ")", kind_of(settings));
    EXPECT_EQ("(" + std::to_string(EINVAL) + ")", kind_of({.authz = "file",
                                                           .user = "x",
                                                           .passwd = {},
                                                           .group = {},
                                                           .home = {},
                                                           .file = {},
                                                           .dbname = {},
                                                           .issuer = {}}));
}

TEST(UserStore, TheOneOfTheConfiguration) {
    const auto store = open_user_store({{}, "foo", "bar", "users", "/f", {}, {}, {}});
    ASSERT_TRUE(store);
    const auto user = (*store)->find("foo");
    ASSERT_TRUE(user && *user);
    EXPECT_EQ("bar", (*user)->password);
    EXPECT_EQ("users", (*user)->group);
    EXPECT_EQ("/f", (*user)->home);
    EXPECT_FALSE(*(*store)->find("Foo"));
    EXPECT_FALSE(*(*store)->find("fo"));
    EXPECT_FALSE(*(*store)->find(""));
    EXPECT_EQ(1u, (*store)->list("", 10)->size());
    EXPECT_TRUE((*store)->list("foo", 10)->empty());
    EXPECT_FALSE((*store)->can_change());
    EXPECT_EQ(EROFS, (*store)->add({}).error().code);
    EXPECT_EQ(EROFS, (*store)->update({}).error().code);
    EXPECT_EQ(EROFS, (*store)->set_password("foo", "x").error().code);
    EXPECT_EQ(EROFS, (*store)->remove("foo").error().code);
}

// Dates of the shadow file are days since 1970; 1 is long ago, 40000 is in the year 2079.
constexpr const char* kShadow =
    "root:*:19000:0:99999:7:::\n"
    "foo:$6$saltstring$hash:19000:0:99999:7:::\n"
    "locked:!$6$saltstring$hash:19000:0:99999:7:::\n"
    "empty::19000:0:99999:7:::\n"
    "des:abJnggxhB/yWI:19000:0:99999:7:::\n"
    "first:$6$s$h:0:0:99999:7:::\n"
    "aged:$6$s$h:1:0:10:7:::\n"
    "older:$6$s$h:1:0:10:7:5::\n"
    "expired:$6$s$h:19000:0:99999:7::1:\n"
    "later:$6$s$h:19000:0:99999:7::40000:\n";

std::string shadow_of(SystemStore& store, std::string_view name) {
    const auto user = store.find(name);
    if (!user) return "(" + user.error().text + ")";
    if (!*user) return "none";
    return (*user)->password + " " + std::string(status_name((*user)->status)) + " " + (*user)->home;
}

TEST(SystemStore, PasswordsAndDates) {
    const test::TemporaryFolder folder;
    const auto store =
        SystemStore::open(folder.write("shadow", kShadow),
                          folder.write("passwd", "bar:x:0:0::/b:\nfoo:x:1000:0:Foo:/home/foo:/bin/sh\n"));
    ASSERT_TRUE(store) << store.error().text;
    EXPECT_EQ("$6$saltstring$hash activated /home/foo", shadow_of(**store, "foo"));
    EXPECT_EQ("root", (*(*store)->find("foo"))->group);  // the name of group 0
    for (const char* name : {"root", "locked", "empty", "des"})
        EXPECT_EQ(" activated ", shadow_of(**store, name)) << name;  // no password: nobody gets in
    EXPECT_EQ("$6$s$h reapproving ", shadow_of(**store, "first"));
    EXPECT_EQ("$6$s$h reapproving ", shadow_of(**store, "aged"));
    EXPECT_EQ("$6$s$h repudiated ", shadow_of(**store, "older"));
    EXPECT_EQ("$6$s$h repudiated ", shadow_of(**store, "expired"));
    EXPECT_EQ("$6$s$h activated ", shadow_of(**store, "later"));
    EXPECT_EQ("none", shadow_of(**store, "fo"));
    EXPECT_EQ("none", shadow_of(**store, ""));
    EXPECT_EQ(6u, (*store)->list("", 100)->size());
    EXPECT_EQ("aged", (*store)->list("", 1)->front().name);
    EXPECT_FALSE((*store)->can_change());
}

TEST(SystemStore, SeesChangesAndNeedsItsFile) {
    const test::TemporaryFolder folder;
    EXPECT_EQ(ENOENT, SystemStore::open(folder.path("shadow")).error().code);
    const auto store = SystemStore::open(folder.write("shadow", kShadow), folder.write("passwd", ""));
    folder.write("shadow", "foo:$6$new$hash:19000:0:99999:7:::\n");
    EXPECT_EQ("$6$new$hash activated ", shadow_of(**store, "foo"));
}

TEST(User, Names) {
    for (const char* name : {"a", "Jäsøn Doe", "a.b@c", "#x"})
        EXPECT_TRUE(is_valid_user_name(name)) << name;
    for (const char* name : {"", "a:b", "a\n", "\x7f", "\xc2\x80", "\xff", "\xed\xa0\x80", "a\tb"})
        EXPECT_FALSE(is_valid_user_name(name)) << name;
    EXPECT_TRUE(is_valid_user_name(std::string(64, 'a')));
    EXPECT_FALSE(is_valid_user_name(std::string(65, 'a')));
    EXPECT_FALSE(is_valid_user_name(std::string_view("a\0b", 3)));
    EXPECT_TRUE(is_valid_user_field(""));
    EXPECT_FALSE(is_valid_user_field("a\r"));
}

TEST(User, Statuses) {
    for (const auto status :
         {UserStatus::Approving, UserStatus::Activated, UserStatus::Repudiated, UserStatus::Reapproving})
        EXPECT_EQ(status, parse_status(status_name(status)));
    EXPECT_FALSE(parse_status("Activated"));
    EXPECT_FALSE(parse_status(""));
    User user;
    user.group = "root";
    EXPECT_TRUE(user.may_sign_in());
    EXPECT_EQ("root", user.effective_group());
    user.status = UserStatus::Reapproving;
    EXPECT_TRUE(user.may_sign_in());
    EXPECT_EQ("reapproving", user.effective_group());
    for (const auto status : {UserStatus::Approving, UserStatus::Repudiated}) {
        user.status = status;
        EXPECT_FALSE(user.may_sign_in());
    }
}

TEST(OneTime, IsLongAndNeverTheSame) {
    std::set<std::string> texts;
    for (int i = 0; i < 1000; ++i)
        texts.insert(random_text());
    EXPECT_EQ(1000u, texts.size());
    EXPECT_EQ(32u, random_text().size());
    EXPECT_EQ(22u, random_text(1).size());  // never fewer than 128 bits
    EXPECT_EQ("LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", fingerprint("foo"));
}

/// Counts what a store is asked, and fails when told to.
class CountedStore : public UserStore {
  public:
    std::string_view kind() const override { return "counted"; }
    Result<std::optional<User>> find(std::string_view name) override {
        if (broken) return Error{"broken", EIO};
        for (const User& user : users) {
            if (user.name == name) return std::optional<User>(user);
        }
        return std::optional<User>();
    }
    Result<std::vector<User>> list(std::string_view, size_t limit) override {
        ++lists;
        std::vector<User> some(users.begin(),
                               users.begin() + static_cast<long>(std::min(limit, users.size())));
        return some;
    }

    std::vector<User> users;
    bool broken = false;
    int lists = 0;
};

TEST(PasswordCheck, WhoMayIn) {
    const auto store = std::make_shared<CountedStore>();
    User user;
    user.name = "foo";
    user.password = "bar";
    user.status = UserStatus::Repudiated;
    store->users.push_back(user);
    user.name = "empty";
    user.password = "";
    store->users.push_back(user);
    PasswordCheck check(store);
    const auto in = [&](std::string_view name, std::string_view password) {
        const auto found = check.verify(name, password);
        return found && *found ? (*found)->name : "nobody";
    };
    EXPECT_EQ("foo", in("foo", "bar"));  // the status is the caller's to look at
    EXPECT_EQ("nobody", in("foo", "baz"));
    EXPECT_EQ("nobody", in("empty", ""));
    EXPECT_EQ("nobody", in("empty", "bar"));
    EXPECT_EQ("nobody", in("unknown", "bar"));  // the stand-in's password is nobody's
    EXPECT_EQ("nobody", in("", ""));
    store->broken = true;
    EXPECT_FALSE(check.verify("foo", "bar"));
}

TEST(PasswordCheck, LooksAtTheStoreNowAndThenOnly) {
    const auto store = std::make_shared<CountedStore>();
    User user;
    user.name = "foo";
    user.password = "bar";
    store->users.push_back(user);
    PasswordCheck check(store);
    for (int i = 0; i < 300; ++i)
        EXPECT_TRUE(check.verify("foo", "bar"));
    EXPECT_EQ(2, store->lists);
}

}  // namespace
}  // namespace marmoset::auth
