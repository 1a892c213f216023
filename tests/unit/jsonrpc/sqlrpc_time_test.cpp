// sqlrpc without a server: statements and functions that SQLite does not interrupt end all the same.
#include <functional>
#include <string>
#include <vector>

#include "tests/unit/jsonrpc/sqlrpc.h"
#include "utils/jsonrpc_sqlrpc/memory_budget.h"
#include "utils/jsonrpc_sqlrpc/patterns.h"

namespace marmoset::sqlrpc {
namespace {

// Before any test has used SQLite.
const bool counts_memory = MemoryBudget::install();

// Each is over before SQLite looks at the time.
TEST_F(SqlrpcTest, ManyShortStatementsAreStopped) {
    for (const char* statement : {"SELECT 1 LIMIT 0;", "BEGIN;END;"}) {
        std::string script;
        for (int i = 0; i < 2000; ++i)
            script += statement;
        looks_left_ = UINT64_MAX;
        EXPECT_EQ(R"({"changes":0,"lastid":0,"message":"Query OK"})", exec(script));
        looks_left_ = 1000;
        EXPECT_EQ(0u, exec(script).find(R"({"code":408)")) << statement;
    }
}

TEST_F(SqlrpcTest, AStatementHasNoNulAndItsLength) {
    EXPECT_EQ(0u, call(&Service::query, R"({"query":"SELECT 1\u0000; SELECT 2"})").find(R"({"error":{)"));
    EXPECT_EQ(0u, call(&Service::exec, R"({"query":"SELECT 1\u0000; SELECT 2"})").find(R"({"code":422)"));
    EXPECT_EQ(0u, exec("SELECT 1; --" + std::string(1'000'000, 'x')).find(R"({"code":413)"));
}

TEST_F(SqlrpcTest, FunctionsThatNothingInterruptsAreRefused) {
    EXPECT_EQ("403: not authorized to use function: json_patch", query("SELECT json_patch('{}', '{}')"));
    EXPECT_EQ(0u, exec("SELECT json_patch('{}', '{}')").find(R"({"code":403)"));
}

TEST(SqlrpcMemory, NothingLargeIsGivenWhenTheTimeIsOver) {
    ASSERT_TRUE(counts_memory);
    bool over = false;
    const std::function<bool()> is_over = [&over] { return over; };
    MemoryBudget budget(1 << 20, &is_over);
    const MemoryBudget::Scope scope(budget);
    void* const before = sqlite3_malloc(100'000);
    EXPECT_NE(nullptr, before);
    over = true;
    EXPECT_EQ(nullptr, sqlite3_malloc(100'000));
    void* const small = sqlite3_malloc(1000);
    EXPECT_NE(nullptr, small);
    sqlite3_free(before);
    sqlite3_free(small);
    EXPECT_EQ(0, budget.used());
}

TEST(SqlrpcPatterns, AreInterrupted) {
    const std::string text(1'000'000, 'a'), pattern = "%" + std::string(120, 'a') + "b";
    unsigned looks = 0;
    const std::function<bool()> third = [&looks] { return ++looks == 3; };
    EXPECT_EQ(PatternMatch::Interrupted, match_pattern(PatternKind::Like, pattern, text, {}, third));
    const std::function<bool()> never = [] { return false; }, at_once = [] { return true; };
    EXPECT_EQ(PatternMatch::Interrupted, match_pattern(PatternKind::Glob, "a", "a", {}, at_once));
    EXPECT_EQ(PatternMatch::Yes, match_pattern(PatternKind::Like, "%AAA_", text, {}, never));
    EXPECT_EQ(PatternMatch::No, match_pattern(PatternKind::Glob, "*A*", text, {}, never));
}

// All short patterns and texts of some letters.
TEST(SqlrpcPatterns, MatchAsSqlitesOwn) {
    const std::function<bool()> never = [] { return false; };
    const auto all = [](const std::vector<std::string>& letters, size_t longest) {
        std::vector<std::string> made{""};
        for (size_t begin = 0, length = 0; length < longest; ++length) {
            const size_t end = made.size();
            for (; begin < end; ++begin) {
                for (const std::string& letter : letters)
                    made.push_back(made[begin] + letter);
            }
        }
        return made;
    };
    const auto texts = all({"a", "B", "é", "]", "-"}, 4);
    size_t wrong = 0;
    for (const std::string& pattern : all({"a", "b", "%", "_", "é", "!"}, 4)) {
        for (const std::string& text : texts) {
            const bool own = sqlite3_strlike(pattern.c_str(), text.c_str(), '!') == 0;
            wrong +=
                (match_pattern(PatternKind::Like, pattern, text, "!", never) == PatternMatch::Yes) != own;
        }
    }
    EXPECT_EQ(0u, wrong);
    for (const std::string& pattern : all({"a", "*", "?", "[", "]", "^", "-", "é"}, 5)) {
        for (const char* text : {"", "a", "B", "é", "]", "-", "^", "ab", "aé", "[a", "a]", "a-é"}) {
            const bool own = sqlite3_strglob(pattern.c_str(), text) == 0;
            wrong += (match_pattern(PatternKind::Glob, pattern, text, {}, never) == PatternMatch::Yes) != own;
        }
    }
    EXPECT_EQ(0u, wrong);
}

TEST_F(SqlrpcTest, PatternsInStatements) {
    EXPECT_EQ(
        "[[1,0,1,1,0,null,null]]",
        query("SELECT 'ABC' LIKE 'a%', 'ABC' GLOB 'a*', 'ABC' GLOB '[A-C]*', '5%' LIKE '5!%' ESCAPE '!', "
              "'5x' LIKE '5!%' ESCAPE '!', NULL LIKE 'a', 'a' GLOB NULL"));
    EXPECT_EQ("422: ESCAPE expression must be a single character", query("SELECT 'a' LIKE 'a' ESCAPE 'xy'"));
    EXPECT_EQ("422: LIKE or GLOB pattern too complex",
              query("SELECT 'a' LIKE '" + std::string(129, 'a') + "'"));
    EXPECT_EQ(R"([["one"]])", query("SELECT b FROM t WHERE b LIKE 'O%'"));
}

}  // namespace
}  // namespace marmoset::sqlrpc
