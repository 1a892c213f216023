// sqlrpc without a server: a statement that changes something and answers with rows is all or nothing.
#include "tests/unit/jsonrpc/sqlrpc.h"

namespace marmoset::sqlrpc {
namespace {

TEST_F(SqlrpcTest, WhatCanNotBeAnsweredIsNotDone) {
    start("rows=10;size=4096;write=yes");
    const std::string many = "INSERT INTO t(b) SELECT i FROM (" + count_to(20) + ") RETURNING a";
    EXPECT_EQ(0u, exec(many).find(R"({"code":413)"));
    EXPECT_EQ(0u, exec("SELECT 1; " + many).find(R"({"code":413)"));
    EXPECT_EQ(0u, exec("BEGIN; " + many + "; COMMIT").find(R"({"code":413)"));
    const std::string large = "INSERT INTO t(b) VALUES (hex(zeroblob(1022))) RETURNING b, b";
    EXPECT_EQ(0u, exec(large).find(R"({"code":413)"));
    EXPECT_EQ("413: a row is larger than an answer may be", query(large));
    EXPECT_EQ("[[2]]", query("SELECT count(*) FROM t"));
    // No lock is left, and what fits is done.
    sql("main.db", "INSERT INTO t VALUES (9, 'other')");
    EXPECT_EQ(R"([{"a":10},{"a":11}])", exec("INSERT INTO t(b) VALUES (1), (2) RETURNING a"));
    EXPECT_EQ(R"([{"a":12}])", exec("BEGIN; INSERT INTO t(b) VALUES (3) RETURNING a; COMMIT"));
    EXPECT_EQ("[[13]]", query("INSERT INTO t(b) VALUES (4) RETURNING a"));
    EXPECT_EQ("[[7]]", query("SELECT count(*) FROM t"));
    EXPECT_EQ("403: not authorized", query("BEGIN"));
    // A constraint that is checked at the end.
    EXPECT_EQ("[]", query("CREATE TABLE c(p REFERENCES t(a) DEFERRABLE INITIALLY DEFERRED)"));
    EXPECT_EQ(0u, exec("INSERT INTO c VALUES (99) RETURNING p").find(R"({"code":19,)"));
    EXPECT_EQ("422: FOREIGN KEY constraint failed", query("INSERT INTO c VALUES (99) RETURNING p"));
    EXPECT_EQ("[[0]]", query("SELECT count(*) FROM c"));
}

}  // namespace
}  // namespace marmoset::sqlrpc
