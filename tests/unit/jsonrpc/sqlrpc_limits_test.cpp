// sqlrpc without a server: limits of size, time and memory, and functions of SQLite that know none.
#include <thread>

#include "tests/unit/jsonrpc/sqlrpc.h"
#include "utils/jsonrpc_sqlrpc/memory_budget.h"

namespace marmoset::sqlrpc {
namespace {

// Before any test has used SQLite.
const bool counts_memory = MemoryBudget::install();

TEST_F(SqlrpcTest, AnAnswerHasItsSize) {
    start("size=10000;rows=50;write=yes");
    EXPECT_EQ("-32602", query("SELECT 1", R"({"limit":51})").substr(0, 6));
    const std::string wide = "SELECT hex(zeroblob(1500)) FROM (" + count_to(20) + ")";
    const Json first = answer(client_, &Service::query, R"({"query":")" + wide + "\"}");
    EXPECT_EQ(3u, json_array_size(json_object_get(first.get(), "rows")));
    EXPECT_TRUE(json_is_true(json_object_get(first.get(), "more")));
    EXPECT_EQ("413: a row is larger than an answer may be",
              query("SELECT hex(zeroblob(3000)), hex(zeroblob(3000))"));
    EXPECT_EQ("413: string or blob too big", query("SELECT hex(zeroblob(6000))"));
    EXPECT_EQ("413: string or blob too big", query("SELECT zeroblob(2000000000)"));
    EXPECT_EQ("413: string or blob too big", query("SELECT replace(hex(zeroblob(4000)), '0', 'abc')"));
    EXPECT_EQ(0u, exec(count_to(51)).find(R"({"code":413)"));
    EXPECT_EQ(0u, exec(wide).find(R"({"code":413)"));
    // All statements together.
    EXPECT_EQ(0u, exec("SELECT hex(zeroblob(4000)); SELECT hex(zeroblob(4000))").find(R"({"code":413)"));
    EXPECT_EQ(R"({"changes":60,"lastid":62,"message":"Query OK"})",
              exec("INSERT INTO t(b) SELECT '' FROM (" + count_to(60) + ")"));
    EXPECT_EQ(0u, call(&Service::list, R"({"table":"t"})").find(R"({"code":413)"));
    EXPECT_EQ(0u, call(&Service::list, R"({"table":"t","limit":50})").find(R"([{"a":1)"));
}

TEST_F(SqlrpcTest, SlowStatementsAreStopped) {
    start("timeout=1;write=yes");
    EXPECT_EQ("408: the statement took too long", query("SELECT max(i) FROM (" + count_to(2000000000) + ")"));
    EXPECT_EQ(0u, exec("SELECT max(i) FROM (" + count_to(2000000000) + ")").find(R"({"code":408)"));
    EXPECT_EQ("408: the statement took too long", query(count_to(2000000000), R"({"offset":2000000000})"));
    EXPECT_EQ("[[1]]", query("SELECT 1"));
    start("timeout=3600");
    cancelled_ = true;
    EXPECT_EQ("408: the statement took too long", query("SELECT max(i) FROM (" + count_to(2000000000) + ")"));
}

TEST_F(SqlrpcTest, AWriterIsWaitedForOnlySoLong) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(SQLITE_OK, sqlite3_open((dir_ + "/main.db").c_str(), &handle));
    sqlite3_exec(handle, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    start("timeout=1;write=yes");
    EXPECT_EQ("503: database is locked", query("DELETE FROM t"));
    start("write=yes");
    EXPECT_EQ(R"([[1,"one"],[2,null]])", query("SELECT * FROM t"));  // readers are not concerned
    sqlite3_close(handle);
    EXPECT_EQ("[]", query("DELETE FROM t"));
}

TEST_F(SqlrpcTest, MemoryIsLimited) {
    ASSERT_TRUE(counts_memory);
    start("memory=8");
    const std::string large =
        "SELECT i, hex(zeroblob(500)) FROM (" + count_to(20000) + ") ORDER BY 2, 1 DESC";
    EXPECT_EQ("408: the statement took too much memory", query(large));
    EXPECT_EQ(
        "408: the statement took too much memory",
        query("SELECT count(*) FROM (SELECT DISTINCT hex(randomblob(500)) FROM (" + count_to(20000) + "))"));
    EXPECT_EQ("[[20000]]", query("SELECT count(hex(zeroblob(500))) FROM (" + count_to(20000) + ")"));
    start("memory=128");
    EXPECT_EQ("[[20000", query(large).substr(0, 7));
}

TEST_F(SqlrpcTest, OneWhoWantsTooMuchMemoryConcernsNoOther) {
    ASSERT_TRUE(counts_memory);
    start("memory=8");
    std::thread hog([this] {
        Client client("boss", "root", "");
        for (int i = 0; i < 3; ++i)
            call(client, &Service::query,
                 R"({"query":"SELECT i, hex(zeroblob(500)) FROM ()" + count_to(20000) + R"() ORDER BY 2"})");
    });
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(R"([[1,"one"],[2,null]])", query("SELECT * FROM t"));
    hog.join();
}

// SQLite's own take hours for these, and nothing interrupts them.
TEST_F(SqlrpcTest, FunctionsAreLinear) {
    start("size=1048576");
    const std::string a = "printf('%.*c', 600000, 'a')", half = "printf('%.*c', 300000, 'a')";
    EXPECT_EQ("[[600000]]", query("SELECT length(" + a + ")"));
    EXPECT_EQ("[[0]]", query("SELECT instr(" + a + ", " + half + " || 'b')"));
    EXPECT_EQ("[[600000]]", query("SELECT length(replace(" + a + ", " + half + " || 'b', 'c'))"));
    EXPECT_EQ("[[0]]", query("SELECT length(trim(" + a + ", printf('%.*c', 300000, 'b') || 'a'))"));
}

TEST_F(SqlrpcTest, FunctionsAnswerAsSqlitesOwn) {
    sqlite3* own = nullptr;
    ASSERT_EQ(SQLITE_OK, sqlite3_open(":memory:", &own));
    const char* const texts[] = {"''",    "'a'",  "'abcabc'", "'éàé'", "'  x '", "NULL",  "x'00ff00'",
                                 "x'ff'", "12.5", "7",        "x''",   "'ab'",   "x'c3'", "'xéx'"};
    for (const char* one : texts) {
        for (const char* other : texts) {
            for (const char* form :
                 {"instr(%, ^)", "trim(%, ^)", "ltrim(%, ^)", "rtrim(%, ^)", "trim(%)", "replace(%, ^, 'Z')",
                  "replace(%, ^, '')", "replace(%, 'a', ^)", "typeof(replace(%, ^, 'Z'))",
                  "typeof(instr(%, ^))", "typeof(trim(%, ^))"}) {
                std::string expression = form;
                for (size_t at; (at = expression.find('%')) != std::string::npos;)
                    expression.replace(at, 1, one);
                for (size_t at; (at = expression.find('^')) != std::string::npos;)
                    expression.replace(at, 1, other);
                sqlite3_stmt* statement = nullptr;
                const std::string sql = "SELECT quote(" + expression + ")";
                ASSERT_EQ(SQLITE_OK, sqlite3_prepare_v2(own, sql.c_str(), -1, &statement, nullptr));
                ASSERT_EQ(SQLITE_ROW, sqlite3_step(statement));
                const std::string expected(static_cast<const char*>(sqlite3_column_blob(statement, 0)),
                                           static_cast<size_t>(sqlite3_column_bytes(statement, 0)));
                sqlite3_finalize(statement);
                const Json quoted(json_pack("[[s]]", expected.c_str()));
                if (!quoted) continue;
                EXPECT_EQ(dump(quoted.get()), query(sql)) << expression;
            }
        }
    }
    sqlite3_close(own);
}

}  // namespace
}  // namespace marmoset::sqlrpc
