// sqlrpc without a server: who may ask, what statements may do, which databases there are.
#include <unistd.h>

#include <vector>

#include "tests/unit/jsonrpc/sqlrpc.h"

namespace marmoset::sqlrpc {
namespace {

TEST_F(SqlrpcTest, OnlyMembersOfTheGroupsMayAsk) {
    Client nobody("", "", "192.0.2.9"), alice("alice", "users", ""), fake("", "root", "");
    const std::string denied = R"({"code":403,"data":"permission denied","message":"permission denied"})";
    const Method methods[] = {&Service::query, &Service::fetch, &Service::databases, &Service::tables,
                              &Service::schema};
    for (Client* client : {&nobody, &alice, &fake}) {
        EXPECT_EQ(0u, call(*client, &Service::exec, R"({"query":"SELECT 1"})").find(R"({"code":403)"));
        EXPECT_EQ(0u, call(*client, &Service::list, R"({"table":"t"})").find(R"({"code":403)"));
        EXPECT_EQ(0u, call(*client, &Service::get, R"({"table":"t","id":1})").find(R"({"code":403)"));
        EXPECT_EQ(0u, call(*client, &Service::view, R"({"table":"t"})").find(R"({"code":403)"));
        for (const Method method : methods)
            EXPECT_EQ(0u, call(*client, method).find(R"({"error":{"code":403)"));
    }
    EXPECT_EQ(denied, call(alice, &Service::exec, R"({"query":"SELECT 1"})"));
    EXPECT_NE(std::string::npos, log_.find("sqlrpc: 192.0.2.9: nobody may not ask\n"));
    start("groups=staff, users");
    EXPECT_EQ(R"([{"1":1}])", call(alice, &Service::exec, R"({"query":"SELECT 1"})"));
    EXPECT_EQ("403: permission denied", query("SELECT 1"));
    start("groups=*");
    EXPECT_EQ(R"([{"1":1}])", call(nobody, &Service::exec, R"({"query":"SELECT 1"})"));
}

TEST_F(SqlrpcTest, ReadOnlyUnlessConfigured) {
    for (const std::string& settings : {"dir=" + dir_ + ";default=main.db", dir_ + "/main.db"}) {
        open(settings);
        for (const char* statement :
             {"INSERT INTO t VALUES (9, 'x')", "UPDATE t SET b = 1", "DELETE FROM t", "DROP TABLE t",
              "CREATE TABLE n(x)", "CREATE INDEX i ON t(b)", "ALTER TABLE t RENAME TO u", "REINDEX",
              "ANALYZE", "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END", "PRAGMA user_version = 5",
              "PRAGMA query_only = OFF", "PRAGMA writable_schema = ON", "PRAGMA journal_mode = DELETE",
              "VACUUM", "REPLACE INTO t VALUES (1, 'x')", "WITH x AS (SELECT 1) DELETE FROM t", "BEGIN",
              "COMMIT"}) {
            EXPECT_EQ(0u, query(statement).find("403: ")) << statement << ": " << query(statement);
            EXPECT_EQ(0u, exec(statement).find(R"({"code":403)")) << statement << ": " << exec(statement);
        }
        EXPECT_EQ(R"([[1,"one"],[2,null]])", query("SELECT * FROM t"));
    }
}

// Files, code, other databases, whatever the settings permit.
TEST_F(SqlrpcTest, NothingReachesBeyondTheDatabase) {
    const std::string target = folder_.path("target.db");
    for (const std::string& statement :
         std::vector<std::string>{"ATTACH '" + target + "' AS x",
                                  "ATTACH DATABASE ':memory:' AS x",
                                  "DETACH main",
                                  "VACUUM INTO '" + target + "'",
                                  "VACUUM",
                                  "SELECT load_extension('/tmp/x.so')",
                                  "SELECT fts3_tokenizer('simple')",
                                  "CREATE TEMP TABLE x(y)",
                                  "CREATE TEMPORARY VIEW x AS SELECT 1",
                                  "CREATE TABLE temp.x(y)",
                                  "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END",
                                  "CREATE VIRTUAL TABLE x USING fts5(y)",
                                  "CREATE VIRTUAL TABLE x USING rtree(a,b,c)",
                                  "PRAGMA writable_schema = ON",
                                  "PRAGMA temp_store_directory = '/tmp'",
                                  "PRAGMA data_store_directory = '/tmp'",
                                  "PRAGMA database_list",
                                  "SELECT * FROM pragma_database_list",
                                  "PRAGMA journal_mode = OFF",
                                  "PRAGMA mmap_size = 1000000",
                                  "PRAGMA cache_size = 1000000",
                                  "PRAGMA hard_heap_limit = 0",
                                  "PRAGMA trusted_schema = ON",
                                  "PRAGMA key = 'x'",
                                  "PRAGMA locking_mode = EXCLUSIVE",
                                  "PRAGMA temp_store = FILE",
                                  "PRAGMA max_page_count = 1",
                                  "UPDATE sqlite_master SET sql = 'x'",
                                  "DELETE FROM sqlite_master",
                                  "INSERT INTO temp.sqlite_master VALUES (1,2,3,4,5)"}) {
        const std::string refused = exec(statement);
        // SQLite refuses these itself, whoever asks.
        const bool own = statement.find("sqlite_master") != std::string::npos;
        EXPECT_TRUE(refused.starts_with(own ? R"({"code":1,)" : R"({"code":403,)"))
            << statement << ": " << refused;
        EXPECT_EQ(0u, query(statement).find(own ? "422: " : "403: "))
            << statement << ": " << query(statement);
    }
    EXPECT_NE(0, ::access(target.c_str(), F_OK));
    EXPECT_EQ(R"([[1,"one"],[2,null]])", query("SELECT * FROM t"));
    EXPECT_EQ(R"([["a"],["b"]])", query("SELECT name FROM pragma_table_info('t')"));
    EXPECT_EQ("[[0]]", query("PRAGMA user_version"));
}

TEST_F(SqlrpcTest, WritesWhereConfigured) {
    for (const char* statement :
         {"CREATE TABLE n(x INTEGER PRIMARY KEY, y)", "CREATE INDEX i ON n(y)",
          "INSERT INTO n(y) VALUES (1), (2)", "ALTER TABLE n ADD COLUMN z",
          "ALTER TABLE n RENAME COLUMN z TO w", "ALTER TABLE n RENAME TO m",
          "CREATE TRIGGER r AFTER INSERT ON m BEGIN UPDATE m SET w = 'by trigger'; END",
          "INSERT INTO m(y) VALUES (3)", "CREATE VIEW w AS SELECT * FROM m", "ANALYZE", "REINDEX"})
        EXPECT_EQ("[]", query(statement)) << statement;
    EXPECT_EQ(R"([[1,1,"by trigger"],[2,2,"by trigger"],[3,3,"by trigger"]])", query("SELECT * FROM w"));
    EXPECT_EQ("[[4,4]]", query("INSERT INTO m(x, y) VALUES (4, 4) RETURNING x, y"));
    // All rows are changed, though not all are shown.
    const Json result =
        answer(client_, &Service::query, R"({"query":"DELETE FROM m RETURNING x","limit":1})");
    EXPECT_EQ("[[1]]", dump(json_object_get(result.get(), "rows")));
    EXPECT_TRUE(json_is_true(json_object_get(result.get(), "more")));
    EXPECT_TRUE(json_is_null(json_object_get(result.get(), "cursor")));
    EXPECT_EQ(4, json_integer_value(json_object_get(result.get(), "changes")));
    for (const char* statement : {"DROP VIEW w", "DROP TRIGGER r", "DROP INDEX i", "DROP TABLE m"})
        EXPECT_EQ("[]", query(statement)) << statement;
}

TEST_F(SqlrpcTest, ATransactionEndsWithItsCall) {
    EXPECT_EQ(R"({"changes":2,"lastid":11,"message":"Query OK"})",
              exec("BEGIN; INSERT INTO t VALUES (10, 'x'); INSERT INTO t VALUES (11, 'y'); COMMIT"));
    EXPECT_EQ(0u, exec("BEGIN; DELETE FROM t").find(R"({"code":422,"data":"the transaction was not ended)"));
    EXPECT_EQ(0u, exec("BEGIN; DELETE FROM t; SELECT wrong").find(R"({"code":1,)"));
    EXPECT_EQ("[[4]]", query("SELECT count(*) FROM t"));
    EXPECT_EQ("403: not authorized", query("BEGIN"));
    EXPECT_EQ("[]", query("DELETE FROM t WHERE a > 9"));  // no lock is left
}

TEST_F(SqlrpcTest, NamesDoNotLeaveTheFolder) {
    sql("../outside.db", "CREATE TABLE secret(x)");
    const std::string outside = folder_.path("outside.db");
    ASSERT_EQ(0, ::symlink(outside.c_str(), (dir_ + "/link.db").c_str()));
    ASSERT_EQ(0, ::symlink(folder_.path("").c_str(), (dir_ + "/linked").c_str()));
    ASSERT_EQ(0, ::mkfifo((dir_ + "/fifo").c_str(), 0600));
    for (const std::string& name : {std::string("../outside.db"),
                                    std::string("sub/../../outside.db"),
                                    std::string("sub/../main.db"),
                                    outside,
                                    std::string("/etc/passwd"),
                                    std::string("link.db"),
                                    std::string("linked/outside.db"),
                                    std::string("./main.db"),
                                    std::string("sub//other.db"),
                                    std::string("sub"),
                                    std::string("sub/"),
                                    std::string("fifo"),
                                    std::string("main.db-wal"),
                                    std::string("main.db-shm"),
                                    std::string(".hidden"),
                                    std::string(":memory:"),
                                    std::string("file:main.db"),
                                    std::string("file:///etc/passwd?mode=ro"),
                                    std::string("main.db\\u0000x"),
                                    std::string("/"),
                                    std::string("..")}) {
        EXPECT_EQ(0u, call(&Service::query, R"({"query":"SELECT 1","db":")" + name + "\"}")
                          .find(R"({"error":{"code":404)"))
            << name;
        EXPECT_EQ(0u,
                  call(&Service::exec, R"({"query":"SELECT 1","db":")" + name + "\"}").find(R"({"code":404)"))
            << name;
    }
    EXPECT_EQ("[[7]]", query("SELECT * FROM o", R"({"db":"sub/other.db"})"));
    EXPECT_EQ("[[7]]", query("SELECT * FROM o", R"({"db":")" + dir_ + R"(/sub/other.db"})"));
    open(dir_ + "/main.db");
    EXPECT_EQ("[[1]]", query("SELECT 1", R"({"db":"main.db"})"));
    EXPECT_EQ("404", query("SELECT 1", R"({"db":"sub/other.db"})").substr(0, 3));
    EXPECT_EQ("404", query("SELECT 1", R"({"db":"link.db"})").substr(0, 3));
}

TEST_F(SqlrpcTest, TheDefaultDatabaseIsMadeWhereItMayBeWritten) {
    auto settings = parse_settings("dir=" + dir_ + ";default=new.db");
    EXPECT_FALSE(Service::open(settings.take(), [](const std::string&) {}));
    open("dir=" + dir_ + ";default=new.db;write=yes");
    EXPECT_EQ("[]", query("CREATE TABLE x(y)"));
    struct stat status {};
    ASSERT_EQ(0, ::stat((dir_ + "/new.db").c_str(), &status));
    EXPECT_EQ(0660u, status.st_mode & 07777u);
    settings = parse_settings("dir=" + dir_ + "/nowhere");
    EXPECT_FALSE(Service::open(settings.take(), [](const std::string&) {}));
    folder_.write(
        "databases/text",
        "this is no database, but it is longer than SQLite's header needs to be: 100 bytes and more");
    settings = parse_settings("dir=" + dir_ + ";default=text");
    EXPECT_FALSE(Service::open(settings.take(), [](const std::string&) {}));
    EXPECT_EQ("503: file is not a database", query("SELECT * FROM t", R"({"db":"text"})"));
}

TEST(SqlrpcSettings, AreChecked) {
    EXPECT_EQ("/x/y.db", parse_settings("/x/y.db")->database);
    EXPECT_FALSE(parse_settings("/x/y.db")->write);
    const auto settings = parse_settings(
        "dir=/var/lib/x;default=demo.db;write=yes;groups=root,users;timeout=5;rows=10;size=5000;memory=16");
    ASSERT_TRUE(settings);
    EXPECT_TRUE(settings->write);
    EXPECT_EQ(2u, settings->groups.size());
    EXPECT_EQ(5000u, settings->timeout_ms);
    EXPECT_EQ(16u << 20, settings->memory);
    for (const char* wrong : {"", "dir=", "write=yes", "dir=x;write=1", "dir=x;timeout=0", "dir=x;groups=",
                              "dir=x;rows=0", "dir=x;size=1", "dir=x;memory=1", "dir=x;other=1"})
        EXPECT_FALSE(parse_settings(wrong)) << wrong;
}

}  // namespace
}  // namespace marmoset::sqlrpc
