// What the tests of sqlrpc have in common: a service with two databases, a client of the right group, calls.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <string>

#include "tests/support/temporary_folder.h"
#include "utils/jsonrpc_sqlrpc/service.h"

namespace marmoset::sqlrpc {

inline std::string dump(const json_t* value) {
    const std::unique_ptr<char, decltype(&free)> text(
        json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)), &free);
    return text ? text.get() : "(none)";
}

class SqlrpcTest : public ::testing::Test {
  protected:
    using Method = Answer (Service::*)(Call&);

    SqlrpcTest() {
        ::mkdir(dir_.c_str(), 0770);
        ::mkdir((dir_ + "/sub").c_str(), 0770);
        sql("main.db",
            "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'one'), (2, "
            "NULL);CREATE INDEX tb ON t(b);"
            "CREATE TABLE \"odd \"\"name\"(x); INSERT INTO \"odd \"\"name\" VALUES ('in');"
            "CREATE VIEW v AS SELECT b FROM t");
        sql("sub/other.db", "CREATE TABLE o(x); INSERT INTO o VALUES (7)");
        start("write=yes");
    }
    void sql(const std::string& name, const std::string& statements) {
        sqlite3* handle = nullptr;
        ASSERT_EQ(SQLITE_OK, sqlite3_open((dir_ + "/" + name).c_str(), &handle));
        EXPECT_EQ(SQLITE_OK, sqlite3_exec(handle, statements.c_str(), nullptr, nullptr, nullptr))
            << sqlite3_errmsg(handle);
        sqlite3_close(handle);
    }
    void start(const std::string& more) { open("dir=" + dir_ + ";default=main.db;" + more); }
    void open(const std::string& text) {
        client_.cursors.clear();
        auto settings = parse_settings(text);
        ASSERT_TRUE(settings) << settings.error().text;
        auto service =
            Service::open(settings.take(), [this](const std::string& line) { log_ += line + "\n"; });
        ASSERT_TRUE(service) << service.error().text;
        service_ = service.take();
    }
    std::string call(Method method, const std::string& params = "{}") {
        return call(client_, method, params);
    }
    std::string call(Client& client, Method method, const std::string& params = "{}") {
        return dump(answer(client, method, params).get());
    }
    // A result, or {"error": …}.
    Json answer(Client& client, Method method, const std::string& params) {
        const Json object(json_loads(params.c_str(), JSON_ALLOW_NUL, nullptr));
        EXPECT_TRUE(object) << params;
        Call made{client, object.get(), {service_->deadline_ms(), [this] { return is_cancelled(); }}};
        const std::lock_guard lock(client.mutex);
        Answer given = (service_.get()->*method)(made);
        if (!given.error) return std::move(given.value);
        return Json(json_pack("{s:O}", "error", given.value.get()));
    }
    std::string exec(const std::string& statement) {
        const Json params(json_pack("{s:s}", "query", statement.c_str()));
        return call(&Service::exec, dump(params.get()));
    }
    // "code: message" of a refusal, else the rows.
    std::string query(const std::string& statement, const std::string& more = "{}") {
        const Json params(json_loads(more.c_str(), 0, nullptr));
        json_object_set_new(params.get(), "query", json_string(statement.c_str()));
        const Json result = answer(client_, &Service::query, dump(params.get()));
        const json_t* const error = json_object_get(result.get(), "error");
        if (error) return refusal(error);
        return dump(json_object_get(result.get(), "rows"));
    }
    bool is_cancelled() {
        if (looks_left_ > 0) --looks_left_;
        return cancelled_ || looks_left_ == 0;
    }
    static std::string refusal(const json_t* object) {
        return std::to_string(json_integer_value(json_object_get(object, "code"))) + ": " +
               json_string_value(json_object_get(object, "message"));
    }
    int64_t cursor_of(const Json& result) {
        return json_integer_value(json_object_get(result.get(), "cursor"));
    }

    test::TemporaryFolder folder_;
    const std::string dir_ = folder_.path("databases");
    std::string log_;
    bool cancelled_ = false;
    uint64_t looks_left_ = UINT64_MAX;  // that many times a call is not cancelled when it is asked
    std::unique_ptr<Service> service_;
    Client client_{"boss", "root", "192.0.2.1"};
};

inline constexpr char kCount[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %) SELECT i FROM n";

// A statement that gives 1, 2, 3 …
inline std::string count_to(unsigned most) {
    std::string text = kCount;
    return text.replace(text.find('%'), 1, std::to_string(most));
}

}  // namespace marmoset::sqlrpc
