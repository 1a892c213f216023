// The rules' database: ours, ouistiti's, changed by ourselves and by others.
#include "modules/userfilter/rule_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>

namespace marmoset::userfilter {
namespace {

class UserFilterStoreTest : public testing::Test {
  protected:
    UserFilterStoreTest() {
        std::string pattern = testing::TempDir() + "rules-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        path_ = folder_ + "/rules.db";
    }
    ~UserFilterStoreTest() override { std::filesystem::remove_all(folder_); }

    /// "GET superuser ^/*; …", or what is wrong.
    static std::string read(RuleStore& store) {
        const auto rules = store.read_changed();
        if (!rules) return "error";
        if (!*rules) return "the same";
        std::string text;
        for (const Rule& rule : (*rules)->all())
            text += (text.empty() ? "" : "; ") + rule.method + " " + rule.role + " " + rule.expression;
        return text;
    }
    void run(const char* sql) const {
        auto database = auth::Database::open(path_, true);
        ASSERT_TRUE(database);
        const auto done = database->run(sql);
        ASSERT_TRUE(done) << done.error().text;
    }

    std::string folder_, path_;
};

constexpr const char* kFirst = "GET superuser ^/*; PUT superuser ^/filter*; DELETE superuser ^/filter*";

TEST_F(UserFilterStoreTest, IsMadeOnce) {
    RuleStore store(path_);
    EXPECT_EQ("error", read(store));  // reading makes nothing
    ASSERT_TRUE(store.make("^/filter*"));
    EXPECT_EQ(kFirst, read(store));
    ASSERT_TRUE(store.make("^/other*"));
    EXPECT_EQ("the same", read(store));
    EXPECT_EQ(0660u,
              std::filesystem::status(path_).permissions() == std::filesystem::perms(0660) ? 0660u : 0u);
}

TEST_F(UserFilterStoreTest, AddsAndRemoves) {
    RuleStore store(path_);
    ASSERT_TRUE(store.make("^/filter*"));
    ASSERT_TRUE(store.add({0, "POST", "alice", "^/a/%u/*"}));
    ASSERT_TRUE(store.add({0, "POST", "alice", "^/a/%u/*"}));  // it is there
    ASSERT_TRUE(store.add({0, "OPTIONS", "*", "^/*"}));
    EXPECT_EQ(std::string(kFirst) + "; POST alice ^/a/%u/*; OPTIONS * ^/*", read(store));
    EXPECT_TRUE(*store.remove(1));
    EXPECT_FALSE(*store.remove(1));
    EXPECT_FALSE(*store.remove(99));
    EXPECT_EQ("PUT superuser ^/filter*; DELETE superuser ^/filter*; POST alice ^/a/%u/*; OPTIONS * ^/*",
              read(store));
    EXPECT_EQ("the same", read(store));
    for (const Rule& bad :
         {Rule{0, "get", "a", "b"}, Rule{0, "", "a", "b"}, Rule{0, "TRACE", "a", "b"},
          Rule{0, "GET", "", "b"}, Rule{0, "GET", "a", ""}, Rule{0, "GET", "a\n", "b"},
          Rule{0, "GET", std::string(65, 'a'), "b"}, Rule{0, "GET", "a", std::string(1025, 'b')},
          Rule{0, "GET", "a", std::string("b\0c", 3)}}) {
        const auto added = store.add(bad);
        ASSERT_FALSE(added);
        EXPECT_EQ(EINVAL, added.error().code);
    }
    EXPECT_EQ("the same", read(store));
}

TEST_F(UserFilterStoreTest, SeesWhatOthersHaveChanged) {
    RuleStore store(path_), other(path_);
    ASSERT_TRUE(store.make("^/filter*"));
    EXPECT_EQ(kFirst, read(store));
    EXPECT_EQ("the same", read(store));
    ASSERT_TRUE(*other.remove(2));
    EXPECT_EQ("GET superuser ^/*; DELETE superuser ^/filter*", read(store));
    run("INSERT INTO roles(name) VALUES ('it''s'); INSERT INTO rules SELECT '^/x', 1, id FROM roles WHERE id "
        "> 10");
    EXPECT_EQ("GET superuser ^/*; DELETE superuser ^/filter*; GET it's ^/x", read(store));
    EXPECT_EQ("the same", read(store));
}

TEST_F(UserFilterStoreTest, SeesAnotherFileInItsPlace) {
    RuleStore store(path_), other(path_ + ".new");
    ASSERT_TRUE(store.make("^/filter*"));
    EXPECT_EQ(kFirst, read(store));
    ASSERT_TRUE(other.make("^/other*"));
    std::filesystem::remove(path_ + "-wal");
    std::filesystem::rename(path_ + ".new", path_);
    EXPECT_EQ("GET superuser ^/*; PUT superuser ^/other*; DELETE superuser ^/other*", read(store));
    std::filesystem::remove(path_);
    EXPECT_EQ("error", read(store));
}

// The tables as ouistiti makes them, with numbers of its own.
TEST_F(UserFilterStoreTest, ReadsOuistitisTables) {
    run("CREATE TABLE methods (\"id\" INTEGER PRIMARY KEY, \"name\" TEXT UNIQUE NOT NULL);"
        "CREATE TABLE roles (\"id\" INTEGER PRIMARY KEY, \"name\" TEXT UNIQUE NOT NULL);"
        "CREATE TABLE rules (\"exp\" TEXT NOT NULL, \"methodid\" INTEGER NOT NULL, \"roleid\" INTEGER NOT "
        "NULL);"
        "INSERT INTO methods VALUES (1, 'GET'), (2, 'POST'), (3, 'PUT'), (4, 'DELETE'), (5, 'HEAD');"
        "INSERT INTO roles VALUES (0, 'superuser'), (1, 'anonymous'), (2, 'users'), (9, '*'), (10, "
        "'reapproving');"
        "INSERT INTO rules VALUES ('^/*', 1, 0), ('^/pub/*', 1, 9), ('^/lost/*', 7, 7);");
    RuleStore store(path_);
    EXPECT_EQ("GET superuser ^/*; GET * ^/pub/*", read(store));
    ASSERT_TRUE(store.add({0, "PATCH", "carol", "^/c"}));
    EXPECT_EQ("GET superuser ^/*; GET * ^/pub/*; PATCH carol ^/c", read(store));
}

TEST_F(UserFilterStoreTest, HasALimit) {
    RuleStore store(path_);
    ASSERT_TRUE(store.make("^/filter*"));
    run("WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 4096)"
        " INSERT INTO rules SELECT '^/' || i, 1, 9 FROM n");
    EXPECT_NE("error", read(store));
    const auto added = store.add({0, "GET", "*", "^/one-more"});
    ASSERT_FALSE(added);
    EXPECT_EQ(ENOSPC, added.error().code);
    EXPECT_EQ("the same", read(store));
    run("INSERT INTO rules VALUES ('^/one-more', 1, 9)");
    EXPECT_EQ("error", read(store));
}

TEST_F(UserFilterStoreTest, WhatIsNoDatabaseIsAnError) {
    { std::fclose(std::fopen(path_.c_str(), "w")); }
    RuleStore store(path_);
    EXPECT_EQ("error", read(store));
    EXPECT_TRUE(store.make("^/filter*"));  // an empty file is an empty database
    EXPECT_EQ(kFirst, read(store));
}

}  // namespace
}  // namespace marmoset::userfilter
