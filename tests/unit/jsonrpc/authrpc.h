// What the tests of authrpc have in common: a service with three users, in either layout of the database.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "tests/support/temporary_folder.h"
#include "utils/jsonrpc_authrpc/service.h"

namespace marmoset::authrpc {

inline constexpr char kOlderLayout[] =
    "CREATE TABLE groups(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);"
    "INSERT INTO groups VALUES (0, 'root'), (2, 'users');"
    "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, groupid INTEGER, statusid INTEGER,"
    " passwd TEXT, home TEXT);";

inline std::string dump(const json_t* value) {
    const std::unique_ptr<char, decltype(&free)> text(json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS),
                                                      &free);
    return text ? text.get() : "(none)";
}

class AuthrpcTest : public ::testing::TestWithParam<bool> {
  protected:
    using Method = Answer (Service::*)(Connection&, const json_t*);

    void SetUp() override {
        if (GetParam()) {
            auto database = auth::Database::open(path_, true);
            ASSERT_TRUE(database);
            ASSERT_TRUE(database->run(kOlderLayout));
        }
        start("algorithm=SHA-256;failures=5");
        add("boss", "secret", "root");
        add("alice", "wonder", "users", "/alice");
        add("bob", "builder", "users");
    }
    void start(const std::string& more) {
        auto settings = parse_settings("dbname=" + path_ + ";" + more);
        ASSERT_TRUE(settings) << settings.error().text;
        auto service = Service::open(
            settings.take(),
            [this](Level, const std::string& line) {
                const std::lock_guard lock(log_mutex_);
                log_ += line + "\n";
            },
            [this] { return now_ms_.load(); });
        ASSERT_TRUE(service) << service.error().text;
        service_ = service.take();
    }
    std::unique_ptr<auth::SqliteStore> store() {
        auto store = auth::SqliteStore::open(path_, "");
        EXPECT_TRUE(store);
        return store.take();
    }
    void add(const char* name, const char* password, const char* group, const char* home = "",
             auth::UserStatus status = auth::UserStatus::Activated) {
        auth::User user;
        user.name = name;
        user.password = *auth::make_password({auth::PasswordForm::Digest, DigestAlgorithm::Sha256, {}, 0},
                                             name, password);
        user.group = group;
        user.home = home;
        user.status = status;
        ASSERT_TRUE(store()->add(user));
    }
    void change(const char* name, const std::function<void(auth::User&)>& how) {
        ASSERT_TRUE(store()->modify(name, [&](auth::User& user) {
            how(user);
            return true;
        }));
    }
    static Connection session(const char* user = "", const char* group = "",
                              const char* address = "192.0.2.1") {
        return {user, group, address};
    }
    std::string call(Method method, Connection& connection, const std::string& params = "{}") {
        const Json object(json_loads(params.c_str(), 0, nullptr));
        EXPECT_TRUE(object) << params;
        const Answer answer = (service_.get()->*method)(connection, object.get());
        return (answer.error ? "error " : "") + dump(answer.value.get());
    }
    static std::string refused(int code, const std::string& text) {
        return R"({"code":)" + std::to_string(code) + R"(,"data":")" + text + R"(","message":")" + text +
               "\"}";
    }
    bool is_password(const char* name, const char* password) {
        const auto user = store()->find(name);
        return *user && auth::verify_password((*user)->password, name, password);
    }

    test::TemporaryFolder folder_;
    const std::string path_ = folder_.path("users.db");
    std::atomic<uint64_t> now_ms_ = 1'000'000;  // stands still
    std::mutex log_mutex_;
    std::string log_;
    std::unique_ptr<Service> service_;
    const std::string done_ = R"({"message":"password changed"})";
    const std::string wrong_ = refused(0, "user or password not found");
    const std::string denied_ = refused(403, "permission denied");
};

}  // namespace marmoset::authrpc
