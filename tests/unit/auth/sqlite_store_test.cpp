// Users in SQLite: a file of our own, ouistiti's, and the older layout of its authrpc.
#include "auth/sqlite_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "tests/support/temporary_folder.h"

namespace marmoset::auth {
namespace {

User user_of(std::string name, std::string password, std::string group = {}, std::string home = {}) {
    User user;
    user.name = std::move(name);
    user.password = std::move(password);
    user.group = std::move(group);
    user.home = std::move(home);
    return user;
}

std::string written(const User& user) {
    std::string text = user.name + "|" + user.password + "|" + user.group + "|" + user.home + "|" +
                       std::string(status_name(user.status)) + "|" + user.issuer + "|" + user.totp_key;
    for (const std::string& factor : user.factors_off)
        text += "|-" + factor;
    return text;
}

class SqliteStoreTest : public ::testing::Test {
  protected:
    std::unique_ptr<SqliteStore> open(std::string issuer = {}) {
        auto store = SqliteStore::open(path_, std::move(issuer));
        EXPECT_TRUE(store) << (store ? "" : store.error().text);
        return store ? store.take() : nullptr;
    }
    void sql(const char* statements) {
        auto database = Database::open(path_, true);
        ASSERT_TRUE(database);
        const auto done = database->run(statements);
        ASSERT_TRUE(done) << done.error().text;
    }
    std::string value(std::string_view query) {
        auto database = Database::open(path_, false);
        Query statement(*database, query);
        const auto row = statement.step();
        return !row ? row.error().text : *row ? statement.text(0) : "none";
    }
    static std::string find(SqliteStore& store, std::string_view name) {
        const auto user = store.find(name);
        if (!user) return "(" + user.error().text + ")";
        return *user ? written(**user) : "none";
    }

    test::TemporaryFolder folder_;
    const std::string path_ = folder_.path("users.db");
};

TEST_F(SqliteStoreTest, AFreshFileHasTablesAndNoUsers) {
    const auto store = open();
    EXPECT_TRUE(store->list("", 10)->empty());
    EXPECT_TRUE(store->can_change());
    EXPECT_EQ("reapproving", value("SELECT name FROM status WHERE id = 4"));
    EXPECT_EQ("root", value("SELECT name FROM groups WHERE id = 0"));
    EXPECT_EQ("none", value("SELECT * FROM users"));
    EXPECT_EQ("0", value("SELECT count(*) FROM session"));
    EXPECT_EQ("wal", value("PRAGMA journal_mode"));
    struct stat status {};
    ASSERT_EQ(0, ::stat(path_.c_str(), &status));
    EXPECT_EQ(0660u, status.st_mode & 07777u);
}

TEST_F(SqliteStoreTest, AddsFindsListsRemoves) {
    const auto store = open();
    ASSERT_TRUE(store->add(user_of("foo", "$y$x", "admins", "/home/foo")));
    ASSERT_TRUE(store->add(user_of("bar", "", "", "")));
    EXPECT_EQ("foo|$y$x|admins|/home/foo|activated||", find(*store, "foo"));
    EXPECT_EQ("bar||users||activated||", find(*store, "bar"));
    EXPECT_EQ("none", find(*store, "Foo"));
    EXPECT_EQ("none", find(*store, "foo' OR '1'='1"));
    const auto all = store->list("", 10);
    ASSERT_EQ(2u, all->size());
    EXPECT_EQ("bar", all->at(0).name);
    EXPECT_EQ(1u, store->list("bar", 10)->size());
    EXPECT_EQ(1u, store->list("", 1)->size());
    EXPECT_EQ(EEXIST, store->add(user_of("foo", "x")).error().code);
    ASSERT_TRUE(store->remove("foo"));
    EXPECT_EQ("none", find(*store, "foo"));
    EXPECT_EQ("1", value("SELECT count(*) FROM passwds"));
    EXPECT_EQ(ENOENT, store->remove("foo").error().code);
    EXPECT_EQ(EINVAL, store->add(user_of("a:b", "x")).error().code);
    EXPECT_EQ(EINVAL, store->add(user_of("", "x")).error().code);
}

TEST_F(SqliteStoreTest, Changes) {
    const auto store = open();
    User user = user_of("foo", "$y$old", "users");
    user.status = UserStatus::Reapproving;
    ASSERT_TRUE(store->add(user));
    ASSERT_TRUE(store->set_password("foo", "$y$new"));
    EXPECT_EQ("foo|$y$new|users||reapproving||", find(*store, "foo"));
    user.status = UserStatus::Repudiated;
    user.group = "other";
    user.home = "/h";
    user.password = "ignored";
    user.factors_off = {"totp"};
    user.totp_key = "MZXW6YTBOI";
    ASSERT_TRUE(store->update(user));
    EXPECT_EQ("foo|$y$new|other|/h|repudiated||MZXW6YTBOI|-totp", find(*store, "foo"));
    user.factors_off.clear();
    user.totp_key.clear();
    ASSERT_TRUE(store->update(user));
    EXPECT_EQ("foo|$y$new|other|/h|repudiated||", find(*store, "foo"));
    user.name = "nobody";
    EXPECT_EQ(ENOENT, store->update(user).error().code);
    EXPECT_EQ(ENOENT, store->set_password("nobody", "x").error().code);
    EXPECT_EQ("none", value("SELECT * FROM users WHERE name = 'nobody'"));
}

TEST_F(SqliteStoreTest, OuistitisFile) {
    open();
    // As its tools fill the tables: a password for each issuer.
    sql("PRAGMA foreign_keys = OFF;"  // ouistiti does not switch them on
        "INSERT INTO users(id, name, groupid, home) VALUES (7, 'foo', 2, '/f'), (8, 'new', 2, NULL), (9, "
        "'odd', 99, '');"
        "INSERT INTO passwds(userid, passwd, issuer, statusid) VALUES (7, 'for b', 'b', 2), (7, 'for a', "
        "'a', 3),"
        " (7, 'for all', NULL, 4), (8, 'x', 'a', 1), (9, 'y', '', NULL);"
        "INSERT INTO issuers(userid, issuer) VALUES (7, 'totp');");
    EXPECT_EQ("foo|for all|users|/f|reapproving|||-totp", find(*open(), "foo"));
    EXPECT_EQ("foo|for a|users|/f|repudiated|a||-totp", find(*open("a"), "foo"));
    EXPECT_EQ("foo|for b|users|/f|activated|b||-totp", find(*open("b"), "foo"));
    EXPECT_EQ("foo|for all|users|/f|reapproving|||-totp", find(*open("c"), "foo"));
    EXPECT_EQ("new||users||approving||", find(*open("c"), "new"));
    EXPECT_EQ("odd|y|||approving||", find(*open("c"), "odd"));  // neither group nor status: no access
    // A new password is the issuer's own.
    ASSERT_TRUE(open("a")->set_password("foo", "changed"));
    EXPECT_EQ("changed", value("SELECT passwd FROM passwds WHERE userid = 7 AND issuer = 'a'"));
    EXPECT_EQ("for b", value("SELECT passwd FROM passwds WHERE userid = 7 AND issuer = 'b'"));
    ASSERT_TRUE(open("c")->set_password("new", "first"));
    EXPECT_EQ("new|first|users||approving|c|", find(*open("c"), "new"));
    ASSERT_TRUE(open()->remove("foo"));
    EXPECT_EQ("0", value("SELECT count(*) FROM passwds WHERE userid = 7"));
}

TEST_F(SqliteStoreTest, TheOlderLayout) {
    sql("CREATE TABLE groups(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);"
        "INSERT INTO groups VALUES (0, 'root'), (2, 'users');"
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, groupid INTEGER, statusid "
        "INTEGER, passwd TEXT,"
        " home TEXT);"
        "INSERT INTO users VALUES (1, 'foo', 2, NULL, '$a5$x', '/f'), (2, 'bar', 0, 3, 'y', NULL);");
    const auto store = open("any");
    EXPECT_EQ("foo|$a5$x|users|/f|activated||", find(*store, "foo"));
    EXPECT_EQ("bar|y|root||repudiated||", find(*store, "bar"));
    ASSERT_TRUE(store->set_password("foo", "new"));
    ASSERT_TRUE(store->add(user_of("third", "z", "users", "/t")));
    EXPECT_EQ("third|z|users|/t|activated||", find(*store, "third"));
    EXPECT_EQ("new", value("SELECT passwd FROM users WHERE id = 1"));
    EXPECT_EQ(3u, store->list("", 10)->size());
    ASSERT_TRUE(store->remove("bar"));
    EXPECT_EQ(2u, store->list("", 10)->size());
}

TEST_F(SqliteStoreTest, ModifiesAtOnce) {
    const auto store = open();
    ASSERT_TRUE(store->add(user_of("foo", "$y$old", "root", "/h")));
    const auto changed = store->modify("foo", [](User& user) {
        user.password = "$y$new";
        user.group = "fresh";
        user.status = UserStatus::Reapproving;
        user.name = "another";
        return true;
    });
    ASSERT_TRUE(changed);
    EXPECT_EQ("foo|$y$new|fresh|/h|reapproving||", written(*changed));
    EXPECT_EQ("foo|$y$new|fresh|/h|reapproving||", find(*store, "foo"));
    const auto no = [](User& user) {
        user.group = "never";
        return false;
    };
    EXPECT_EQ(ECANCELED, store->modify("foo", no).error().code);
    EXPECT_EQ(ENOENT, store->modify("nobody", no).error().code);
    EXPECT_EQ(EINVAL,
              store->modify("foo", [](User& user) { return !(user.home = "a:b").empty(); }).error().code);
    EXPECT_EQ("foo|$y$new|fresh|/h|reapproving||", find(*store, "foo"));
    EXPECT_EQ("none", value("SELECT * FROM groups WHERE name = 'never'"));
}

TEST_F(SqliteStoreTest, WhoHasNoGroupGetsNoneByTheWay) {
    const auto store = open();
    ASSERT_TRUE(store->add(user_of("odd", "x")));
    sql("PRAGMA foreign_keys = OFF; UPDATE users SET groupid = 99");
    ASSERT_TRUE(store->modify("odd", [](User& user) { return !(user.password = "y").empty(); }));
    EXPECT_EQ("odd|y|||activated||", find(*store, "odd"));
    EXPECT_EQ("99", value("SELECT groupid FROM users"));
}

TEST_F(SqliteStoreTest, ListsGroups) {
    const auto store = open();
    ASSERT_TRUE(store->add(user_of("foo", "x", "admins")));
    ASSERT_TRUE(store->add(user_of("bar", "x")));
    ASSERT_TRUE(store->add(user_of("baz", "x")));
    std::string text;
    const auto groups = store->groups(10);
    for (const auto& group : *groups)
        text += group.name + " " + std::to_string(group.users) + "|";
    EXPECT_EQ("admins 1|anonymous 0|root 0|users 2|", text);
    EXPECT_EQ(2u, store->groups(2)->size());
}

// Of a group that has an active member the last one stays, in either layout.
void check_last_member(SqliteStore& store) {
    const auto shut_out = [](User& user) {
        user.status = UserStatus::Repudiated;
        return true;
    };
    const auto move = [](User& user) { return !(user.group = "users").empty(); };
    ASSERT_TRUE(store.add(user_of("one", "x", "root")));
    ASSERT_TRUE(store.add(user_of("two", "x", "root")));
    ASSERT_TRUE(store.modify("two", shut_out, "root"));
    EXPECT_EQ(EPERM, store.modify("one", shut_out, "root").error().code);
    EXPECT_EQ(EPERM, store.modify("one", move, "root").error().code);
    EXPECT_EQ(EPERM, store.remove("one", "root").error().code);
    ASSERT_TRUE(*store.find("one"));
    EXPECT_EQ("root", (*store.find("one"))->group);
    EXPECT_EQ(UserStatus::Activated, (*store.find("one"))->status);
    ASSERT_TRUE(store.remove("two", "root"));
    ASSERT_TRUE(store.add(user_of("three", "x", "root")));
    ASSERT_TRUE(store.modify("one", move, "root"));
    ASSERT_TRUE(store.remove("one", "root"));
    EXPECT_EQ(EPERM, store.remove("three", "root").error().code);
    ASSERT_TRUE(store.remove("three"));
    // Where there was none, none is missed.
    ASSERT_TRUE(store.add(user_of("four", "x", "users")));
    ASSERT_TRUE(store.remove("four", "root"));
}

TEST_F(SqliteStoreTest, TheLastMemberOfAGroupStays) {
    check_last_member(*open());
}

TEST_F(SqliteStoreTest, TheLastMemberStaysInTheOlderLayout) {
    sql("CREATE TABLE groups(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);"
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, groupid INTEGER, statusid "
        "INTEGER, passwd TEXT, home TEXT);");
    check_last_member(*open());
}

TEST_F(SqliteStoreTest, FilesThatAreNone) {
    folder_.write(
        "users.db",
        "this is no database, but it is longer than SQLite's header needs to be: 100 bytes or more.....");
    EXPECT_FALSE(SqliteStore::open(path_, ""));
    EXPECT_EQ("this", folder_.read("users.db").substr(0, 4));
    EXPECT_EQ(ENOENT, SqliteStore::open(folder_.path("absent/users.db"), "").error().code);
}

TEST_F(SqliteStoreTest, SeveralUseOneFile) {
    constexpr int kThreads = 4, kEach = 8;
    int added[kThreads] = {};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {  // the first ones make the tables
            auto store = SqliteStore::open(path_, "");
            for (int i = 0; store && i < kEach; ++i)
                added[t] += (*store)->add(user_of("u" + std::to_string(t * kEach + i), "x")) ? 1 : 0;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    for (const int count : added)
        EXPECT_EQ(kEach, count);
    EXPECT_EQ(size_t{kThreads * kEach}, open()->list("", 100)->size());
}

TEST_F(SqliteStoreTest, OneStoreServesSeveralThreads) {
    const auto store = open();
    ASSERT_TRUE(store->add(user_of("foo", "x")));
    int found[4] = {};
    std::vector<std::thread> threads;
    for (int& count : found) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i)
                count += find(*store, "foo") == "foo|x|users||activated||" ? 1 : 0;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    for (const int count : found)
        EXPECT_EQ(50, count);
}

}  // namespace
}  // namespace marmoset::auth
