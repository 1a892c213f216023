// sqlrpc without a server: the methods, values and their types, pages.
#include <functional>

#include "jsonrpc/line_limit.h"
#include "tests/unit/jsonrpc/sqlrpc.h"

namespace marmoset::sqlrpc {
namespace {

TEST_F(SqlrpcTest, ExecAnswersAsOuistitiButWithTypes) {
    EXPECT_EQ(R"([{"a":1,"b":"one"},{"a":2,"b":null}])", exec("SELECT * FROM t"));
    EXPECT_EQ(R"({"changes":1,"lastid":3,"message":"Query OK"})",
              exec("INSERT INTO t(b) VALUES (\"three\")"));
    EXPECT_EQ(R"({"changes":0,"lastid":0,"message":"Query OK"})", exec("SELECT * FROM t WHERE 0"));
    EXPECT_EQ(R"([{"a":1,"a:2":2,"b":3}])", exec("SELECT 1 AS a, 2 AS a, 3 AS b"));
    EXPECT_EQ(R"([{"x":7}])", call(&Service::exec, R"({"query":"SELECT * FROM o","db":"sub/other.db"})"));
    EXPECT_EQ(R"([{"1":1},{"2":2}])", exec("SELECT 1; ; -- nothing\nSELECT 2;"));
    EXPECT_EQ(R"({"changes":3,"lastid":1,"message":"Query OK"})",
              exec("CREATE TABLE n(x); INSERT INTO n VALUES (1); UPDATE t SET b = 'x' WHERE a < 3"));
    EXPECT_EQ("null", call(&Service::auth));
    EXPECT_EQ(R"({"changes":0,"lastid":0,"message":"Query OK"})", exec(""));
}

TEST_F(SqlrpcTest, ExecRefusesInTheResultAndTellsWhere) {
    EXPECT_EQ(
        R"({"code":1,"column":8,"data":"no such column: x","line":3,"message":"no such column: x","offset":18,"sqlite":1})",
        exec("SELECT 1;\n\nSELECT x FROM t"));
    EXPECT_EQ(
        0u, exec("INSERT INTO t(a) VALUES (1)").find(R"({"code":19,"data":"UNIQUE constraint failed: t.a")"));
    EXPECT_EQ(0u, exec("SELECT ?").find(R"({"code":422,"data":"the statement has 1 placeholders)"));
    EXPECT_EQ(0u, call(&Service::exec, R"({"query":7})").find(R"({"error":{"code":-32602)"));
}

TEST_F(SqlrpcTest, ListGetView) {
    EXPECT_EQ(R"([{"a":1,"b":"one"},{"a":2,"b":null}])", call(&Service::list, R"({"table":"t"})"));
    EXPECT_EQ(R"([{"a":2,"b":null}])", call(&Service::list, R"({"table":"T","limit":5,"offset":1})"));
    EXPECT_EQ(R"([{"x":"in"}])", call(&Service::list, R"({"table":"odd \"name"})"));
    EXPECT_EQ(R"({"a":1,"b":"one"})", call(&Service::get, R"({"table":"t","id":1})"));
    EXPECT_EQ("{}", call(&Service::get, R"({"table":"t","id":99})"));
    EXPECT_EQ(R"([{"cid":0,"dflt_value":null,"name":"x","notnull":0,"pk":0,"type":""}])",
              call(&Service::view, R"({"table":"o","db":"sub/other.db"})"));
    for (const char* table : {"nothing", "t\\\"; DROP TABLE t; --", "t WHERE 1", "", "sqlite_master",
                              "pragma_database_list", "(SELECT 1)"}) {
        EXPECT_EQ(0u,
                  call(&Service::list, R"({"table":")" + std::string(table) + "\"}").find(R"({"code":404)"))
            << table;
    }
    EXPECT_EQ(0u, call(&Service::get, R"({"table":"t","id":"1 OR 1"})").find(R"({"error":{"code":-32602)"));
}

TEST_F(SqlrpcTest, ValuesHaveTypes) {
    EXPECT_EQ(R"([[1,-1,0.5,null,"é",{"base64":"AP8="},"","2"]])",
              query("SELECT 1, -1, 0.5, NULL, 'é', x'00ff', '', CAST(2 AS TEXT)"));
    EXPECT_EQ(R"([[9007199254740991,{"integer":"9007199254740992"},{"integer":"-9223372036854775808"},1.0]])",
              query("SELECT 9007199254740991, 9007199254740992, -9223372036854775807 - 1, 1.0"));
    EXPECT_EQ(R"([{"x":9223372036854775807}])", exec("SELECT 9223372036854775807 AS x"));
    EXPECT_EQ(R"([[{"real":"Infinity"},{"real":"-Infinity"},null,1e300]])",
              query("SELECT 9e999, -9e999, 9e999 - 9e999, 1e300"));
    EXPECT_EQ(R"([[{"base64":"/w=="},{"base64":""},"a\u0000b"]])",
              query("SELECT CAST(x'ff' AS TEXT), x'', CAST(x'610062' AS TEXT)"));
    const Json result =
        answer(client_, &Service::query, R"({"query":"SELECT a, b, a + 1, a FROM t WHERE 0"})");
    EXPECT_EQ(R"(["a","b","a + 1","a:2"])", dump(json_object_get(result.get(), "columns")));
    EXPECT_EQ(R"(["INTEGER","TEXT","","INTEGER"])", dump(json_object_get(result.get(), "types")));
}

TEST_F(SqlrpcTest, ParamsAreBound) {
    EXPECT_EQ(
        R"([["1; DROP TABLE t",2,0.5,null,1,0,{"base64":"AP8="},{"integer":"9223372036854775807"},{"real":"-Infinity"}]])",
        query("SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?",
              R"({"params":["1; DROP TABLE t",2,0.5,null,true,false,{"base64":"AP8="},)"
              R"({"integer":"9223372036854775807"},{"real":"-Infinity"}]})"));
    EXPECT_EQ(R"([["text",null,"integer","blob"]])",
              query("SELECT typeof(?2), :n, typeof(@i), typeof($b)",
                    R"({"params":{"1":0,"2":"x","n":null,"i":1,"b":{"base64":""}}})"));
    EXPECT_EQ(R"([["O'Brien"]])", query("SELECT :a WHERE :a = 'O''Brien'", R"({"params":{"a":"O'Brien"}})"));
    const char* const kInvalid = "-32602: ";
    EXPECT_EQ(0u, query("SELECT ?", R"({"params":[]})").find(kInvalid));
    EXPECT_EQ(0u, query("SELECT ?", R"({"params":[1,2]})").find(kInvalid));
    EXPECT_EQ(0u, query("SELECT :a", R"({"params":{"b":1}})").find(kInvalid));
    EXPECT_EQ(0u, query("SELECT :a", R"({"params":{"a":1,"b":1}})").find(kInvalid));
    EXPECT_EQ(0u, query("SELECT 1", R"({"params":"x"})").find(kInvalid));
    for (const char* value :
         {"[1]", "{}", R"({"base64":"?"})", R"({"integer":"1x"})", R"({"integer":""})",
          R"({"integer":"9223372036854775808"})", R"({"real":"NaN"})", R"({"base64":"","x":1})"})
        EXPECT_EQ(0u, query("SELECT ?", R"({"params":[)" + std::string(value) + "]}").find(kInvalid))
            << value;
    EXPECT_EQ(R"([{"a":2,"b":null}])",
              call(&Service::exec, R"({"query":"SELECT * FROM t WHERE a = ?","params":[2]})"));
}

TEST_F(SqlrpcTest, WhatIsWrongIsToldWithItsPlace) {
    const Json result = answer(client_, &Service::query, R"({"query":"SELECT 'é',\n  wrong FROM t"})");
    EXPECT_EQ(
        R"({"error":{"code":422,"data":{"column":3,"line":2,"offset":15,"sqlite":1},"message":"no such column: wrong"}})",
        dump(result.get()));
    EXPECT_EQ("422: near \"SELEC\": syntax error", query("SELEC 1"));
    EXPECT_EQ("422: there is no statement", query("  -- nothing\n;"));
    EXPECT_EQ("422: there is more than one statement; exec takes several", query("SELECT 1; SELECT 2"));
    EXPECT_EQ("[[1]]", query("SELECT 1; -- and no more"));
    EXPECT_EQ("404: there is no database «none.db»", query("SELECT 1", R"({"db":"none.db"})"));
    EXPECT_EQ(0u, query("SELECT 1", R"({"limit":1001})").find("-32602: params.limit "));
}

// Reads a statement to its end; how many pages it had.
unsigned read_all(const std::function<Json(const char*, const std::string&)>& ask,
                  const std::string& statement, unsigned limit, std::string& rows) {
    Json params(json_pack("{s:s,s:i}", "query", statement.c_str(), "limit", limit));
    Json result = ask("query", dump(params.get()));
    unsigned pages = 1;
    for (;; ++pages) {
        rows += dump(json_object_get(result.get(), "rows"));
        if (!json_is_true(json_object_get(result.get(), "more"))) return pages;
        params =
            Json(json_pack("{s:O,s:i}", "cursor", json_object_get(result.get(), "cursor"), "limit", limit));
        result = ask("fetch", dump(params.get()));
    }
}

TEST_F(SqlrpcTest, RowsComeInPages) {
    const auto ask = [this](const char* method, const std::string& params) {
        return answer(client_, *method == 'q' ? &Service::query : &Service::fetch, params);
    };
    std::string rows;
    EXPECT_EQ(3u, read_all(ask, count_to(7), 3, rows));
    EXPECT_EQ("[[1],[2],[3]][[4],[5],[6]][[7]]", rows);
    EXPECT_TRUE(client_.cursors.empty());
    rows.clear();
    EXPECT_EQ(2u, read_all(ask, count_to(6), 3, rows));
    EXPECT_EQ("[[1],[2],[3]][[4],[5],[6]]", rows);
    EXPECT_EQ("[[5],[6]]", query(count_to(9), R"({"limit":2,"offset":4})"));
    EXPECT_EQ("[]", query(count_to(9), R"({"limit":2,"offset":9})"));
    EXPECT_EQ(R"([[9],[8]])", query(count_to(9), R"({"limit":2,"sort":-1})"));
    EXPECT_EQ(R"([[1],[2]])", query(count_to(9) + " -- sorted ; ", R"({"limit":2,"sort":1})"));
    EXPECT_EQ(R"([["x",1],["y",2]])",
              query("SELECT 'y' AS a, 2 AS a UNION SELECT 'x', 1;\n", R"({"sort":2})"));
    for (const char* sort : {"0", "2", "-2", "\"a\"", "9223372036854775807", "-9223372036854775808"})
        EXPECT_EQ(0u, query("SELECT 1", R"({"sort":)" + std::string(sort) + "}").find("-32602: ")) << sort;
    EXPECT_EQ(0u, query("DELETE FROM t RETURNING a", R"({"sort":1})").find("-32602: "));
    EXPECT_EQ(0u, query("EXPLAIN SELECT 1", R"({"sort":1})").find("-32602: "));
}

TEST_F(SqlrpcTest, ACursorReadsOneStateOfTheDatabase) {
    exec("DELETE FROM t; INSERT INTO t(b) VALUES ('a'), ('b'), ('c'), ('d')");
    const Json first =
        answer(client_, &Service::query, R"({"query":"SELECT b FROM t ORDER BY a","limit":2})");
    EXPECT_EQ(R"([["a"],["b"]])", dump(json_object_get(first.get(), "rows")));
    Client writer("boss", "root", "");
    EXPECT_EQ(R"({"changes":4,"lastid":0,"message":"Query OK"})",
              call(writer, &Service::exec, R"({"query":"DELETE FROM t"})"));
    const Json second =
        answer(client_, &Service::fetch, R"({"cursor":)" + std::to_string(cursor_of(first)) + "}");
    EXPECT_EQ(R"([["c"],["d"]])", dump(json_object_get(second.get(), "rows")));
    EXPECT_EQ("[[0]]", query("SELECT count(*) FROM t"));
}

// Without WAL a reader that waits holds up all writers.
TEST_F(SqlrpcTest, ACursorHoldsUpWritersForAMomentOnly) {
    sql("main.db", "PRAGMA journal_mode = DELETE; INSERT INTO t(b) VALUES ('three'), ('four')");
    start("write=no");
    const Json first =
        answer(client_, &Service::query, R"({"query":"SELECT a FROM t ORDER BY a","limit":2})");
    EXPECT_EQ("[[1],[2]]", dump(json_object_get(first.get(), "rows")));
    service_->add(client_);
    service_->sweep(jsonrpc::monotonic_ms() + Service::kHoldMs);
    sql("main.db", "UPDATE t SET b = 'changed'");
    const Json second = answer(client_, &Service::fetch,
                               R"({"cursor":)" + std::to_string(cursor_of(first)) + ",\"limit\":1}");
    EXPECT_EQ("[[3]]", dump(json_object_get(second.get(), "rows")));
    service_->sweep(jsonrpc::monotonic_ms() + Service::kHoldMs);
    sql("main.db", "DELETE FROM t WHERE a = 3");
    const Json third =
        answer(client_, &Service::fetch, R"({"cursor":)" + std::to_string(cursor_of(first)) + "}");
    EXPECT_EQ("[]", dump(json_object_get(third.get(), "rows")));  // it counts rows, as OFFSET does
    service_->remove(client_);
}

TEST_F(SqlrpcTest, CursorsAreFewAndForgotten) {
    int64_t cursors[6];
    for (int64_t& cursor : cursors)
        cursor = cursor_of(answer(client_, &Service::query, R"({"query":"SELECT a FROM t","limit":1})"));
    EXPECT_EQ(Service::kMostCursors, client_.cursors.size());
    const auto fetch = [&](int64_t cursor) {
        return call(&Service::fetch, R"({"cursor":)" + std::to_string(cursor) + "}");
    };
    EXPECT_EQ(0u, fetch(cursors[1]).find(R"({"error":{"code":404)"));
    EXPECT_NE(std::string::npos, fetch(cursors[2]).find(R"("rows":[[2]])"));
    EXPECT_EQ(0u, fetch(cursors[2]).find(R"({"error":{"code":404)"));  // it was at its end
    EXPECT_EQ("{}", call(&Service::close, R"({"cursor":)" + std::to_string(cursors[3]) + "}"));
    EXPECT_EQ(0u, fetch(cursors[3]).find(R"({"error":{"code":404)"));
    Client other("boss", "root", "");
    EXPECT_EQ(0u, call(other, &Service::fetch, R"({"cursor":)" + std::to_string(cursors[4]) + "}")
                      .find(R"({"error":{"code":404)"));
    service_->add(client_);
    service_->sweep(jsonrpc::monotonic_ms());
    EXPECT_EQ(2u, client_.cursors.size());
    {
        const std::lock_guard in_a_call(client_.mutex);
        service_->sweep(jsonrpc::monotonic_ms() + Service::kCursorMs);
        EXPECT_EQ(2u, client_.cursors.size());
    }
    service_->sweep(jsonrpc::monotonic_ms() + Service::kCursorMs);
    EXPECT_TRUE(client_.cursors.empty());
    service_->remove(client_);
}

TEST_F(SqlrpcTest, DatabasesTablesSchema) {
    folder_.write("databases/notes.txt", "no database at all");
    folder_.write("databases/.hidden", "");
    const Json list = answer(client_, &Service::databases, "{}");
    std::string names;
    for (size_t i = 0; i < json_array_size(json_object_get(list.get(), "databases")); ++i) {
        const json_t* const one = json_array_get(json_object_get(list.get(), "databases"), i);
        names += std::string(json_string_value(json_object_get(one, "name"))) +
                 (json_is_true(json_object_get(one, "default")) ? "* " : " ");
    }
    EXPECT_EQ("main.db* sub/other.db ", names);
    EXPECT_EQ(
        R"({"tables":[{"name":"odd \"name","type":"table"},{"name":"t","type":"table"},{"name":"v","type":"view"}]})",
        call(&Service::tables));
    exec("CREATE TABLE c(p INTEGER NOT NULL DEFAULT 5 REFERENCES t(a), q TEXT, UNIQUE(q, p))");
    EXPECT_EQ(
        R"({"columns":[{"default":"5","name":"p","notnull":true,"primarykey":false,"type":"INTEGER"},)"
        R"({"default":null,"name":"q","notnull":false,"primarykey":false,"type":"TEXT"}],)"
        R"("foreignkeys":[{"columns":["p"],"references":["a"],"table":"t"}],)"
        R"("indexes":[{"columns":["q","p"],"name":"sqlite_autoindex_c_1","unique":true}],"name":"c",)"
        R"x("sql":"CREATE TABLE c(p INTEGER NOT NULL DEFAULT 5 REFERENCES t(a), q TEXT, UNIQUE(q, p))","type":"table"})x",
        call(&Service::schema, R"({"table":"C"})"));
    EXPECT_EQ(0u, call(&Service::schema, R"({"table":"x'); DROP TABLE t"})").find(R"({"error":{"code":404)"));
}

}  // namespace
}  // namespace marmoset::sqlrpc
