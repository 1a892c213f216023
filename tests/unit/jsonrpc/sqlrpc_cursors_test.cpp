// sqlrpc without a server: how long cursors live, and what becomes of them when memory is low.
#include "jsonrpc/line_limit.h"
#include "tests/unit/jsonrpc/sqlrpc.h"
#include "utils/jsonrpc_sqlrpc/memory_budget.h"

namespace marmoset::sqlrpc {
namespace {

// Before any test has used SQLite.
const bool counts_memory = MemoryBudget::install();

// It keeps WAL's checkpoints from tidying up what it reads.
TEST_F(SqlrpcTest, ACursorEndsHoweverOftenItIsAsked) {
    start("cursor=20");
    const Json first = answer(client_, &Service::query, R"({"query":")" + count_to(9) + R"(","limit":1})");
    const std::string fetch = R"({"cursor":)" + std::to_string(cursor_of(first)) + ",\"limit\":1}";
    service_->add(client_);
    ASSERT_EQ(1u, client_.cursors.size());
    const uint64_t begun_ms = client_.cursors.front().begun_ms;
    client_.cursors.front().used_ms = begun_ms + 19'999;
    service_->sweep(begun_ms + 19'999);
    EXPECT_NE(std::string::npos, call(&Service::fetch, fetch).find("[[2]]"));
    EXPECT_EQ(begun_ms, client_.cursors.front().begun_ms);
    client_.cursors.front().used_ms = begun_ms + 20'000;
    service_->sweep(begun_ms + 20'000);
    EXPECT_EQ(0u, call(&Service::fetch, fetch).find(R"({"error":{"code":404)"));
    service_->remove(client_);
}

TEST_F(SqlrpcTest, WhenMemoryIsLowTheOldestCursorsGo) {
    ASSERT_TRUE(counts_memory);
    start("memory=8;heap=16");
    // Its rows are sorted, so they are all in memory: more than 3 MiB.
    const std::string large = R"({"query":"SELECT i, hex(zeroblob(500)) FROM ()" + count_to(3300) +
                              R"() ORDER BY 2, 1 DESC","limit":1})";
    Client others[] = {{"boss", "root", ""}, {"boss", "root", ""}, {"boss", "root", ""}};
    int64_t cursors[3];
    for (int i = 0; i < 3; ++i) {
        service_->add(others[i]);
        cursors[i] = cursor_of(answer(others[i], &Service::query, large));
        others[i].cursors.front().used_ms = jsonrpc::monotonic_ms() - 1000 + static_cast<uint64_t>(i);
    }
    EXPECT_EQ("[[1]]", query("SELECT 1"));
    const auto fetch = [&](int i) {
        return call(others[i], &Service::fetch,
                    R"({"cursor":)" + std::to_string(cursors[i]) + ",\"limit\":1}");
    };
    EXPECT_EQ(0u, fetch(0).find(R"({"error":{"code":404)"));
    EXPECT_NE(std::string::npos, fetch(2).find("[[3299,"));
    for (Client& other : others)
        service_->remove(other);
}

TEST_F(SqlrpcTest, WhileAStatementWorksOthersCursorsGo) {
    ASSERT_TRUE(counts_memory);
    start("memory=12;heap=24");
    const std::string large = R"({"query":"SELECT i, hex(zeroblob(500)) FROM ()" + count_to(7000) +
                              R"() ORDER BY 2, 1 DESC","limit":1})";
    Client other("boss", "root", "");
    service_->add(other);
    ASSERT_NE(0, cursor_of(answer(other, &Service::query, large)));
    EXPECT_EQ("[[1]]", query("SELECT 1"));
    EXPECT_EQ(1u, other.cursors.size());  // there is still room for a whole call
    ASSERT_NE(0, cursor_of(answer(client_, &Service::query, large)));
    EXPECT_EQ(0u, other.cursors.size());
    service_->remove(other);
}

TEST(SqlrpcSettings, MemoryHasRoomInTheHeap) {
    EXPECT_EQ(uint64_t{1} << 30, parse_settings("default=x")->heap);
    EXPECT_EQ(uint64_t{4096} << 20, parse_settings("default=x;memory=2048")->heap);
    EXPECT_EQ(uint64_t{256} << 20, parse_settings("default=x;heap=256")->heap);
    EXPECT_EQ(600'000u, parse_settings("default=x")->cursor_ms);
    for (const char* wrong : {"default=x;heap=100", "default=x;heap=7", "default=x;cursor=0"})
        EXPECT_FALSE(parse_settings(wrong)) << wrong;
}

}  // namespace
}  // namespace marmoset::sqlrpc
