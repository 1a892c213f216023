// Sign-outs in a file: what stays of them.
#include "modules/auth/revocation_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/support/temporary_folder.h"

namespace marmoset::auth_module {
namespace {

constexpr int64_t kNow = 1'800'000'000;

Revocation one(uint8_t number, int64_t expires = kNow + 600) {
    Revocation made;
    made.session.fill(number);
    made.expires = expires;
    return made;
}

class AuthRevocations : public testing::Test {
  protected:
    std::string text() const {
        std::ostringstream read;
        read << std::ifstream(path_).rdbuf();
        return read.str();
    }
    void write(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }

    test::TemporaryFolder folder_;
    const std::string path_ = folder_.path() + "/revoked";
    RevocationFile file_{path_};
};

TEST_F(AuthRevocations, Stay) {
    ASSERT_TRUE(file_.load(kNow));
    ASSERT_TRUE(file_.append(one(1), kNow));
    ASSERT_TRUE(file_.append(one(2, kNow + 1), kNow));
    const auto kept = RevocationFile(path_).load(kNow);
    ASSERT_TRUE(kept);
    ASSERT_EQ(2u, kept->size());
    EXPECT_EQ(one(1).session, (*kept)[0].session);
    EXPECT_EQ(one(1).expires, (*kept)[0].expires);
    struct stat status {};
    ASSERT_EQ(0, stat(path_.c_str(), &status));
    EXPECT_EQ(0600u, status.st_mode & 07777);
}

TEST_F(AuthRevocations, GoWhenTheirSessionsWouldHaveEnded) {
    ASSERT_TRUE(file_.append(one(1, kNow + 10), kNow));
    ASSERT_TRUE(file_.append(one(2, kNow + 20), kNow));
    EXPECT_EQ(1u, file_.load(kNow + 10)->size());
    EXPECT_EQ("02020202020202020202020202020202 " + std::to_string(kNow + 20) + "\n", text());
    EXPECT_EQ(0u, file_.load(kNow + 20)->size());
    EXPECT_EQ("", text());
}

TEST_F(AuthRevocations, LinesThatAreNone) {
    write("x\n\n00 5\n" + std::string(32, 'g') + " 1900000000\n" + std::string(32, 'a') + " x\n" +
          std::string(32, 'a') + " 99999999999999999999\n" + std::string(31, 'a') + " 1900000000\n");
    EXPECT_EQ(0u, file_.load(kNow)->size());
}

TEST_F(AuthRevocations, ALineThatWasCut) {
    write("0101010101");
    ASSERT_TRUE(file_.append(one(2), kNow));
    EXPECT_EQ(1u, file_.load(kNow)->size());
}

TEST_F(AuthRevocations, GrowthHasAnEnd) {
    std::string lines;
    const std::string expired = std::string(32, 'a') + " 1\n";
    while (lines.size() < size_t{4} << 20)
        lines += expired;
    write(lines);
    ASSERT_TRUE(file_.append(one(3), kNow));
    EXPECT_LT(text().size(), 100u);
    EXPECT_EQ(1u, file_.load(kNow)->size());
}

TEST_F(AuthRevocations, SeveralWriters) {
    ASSERT_TRUE(file_.load(kNow));
    std::vector<std::thread> writers;
    for (uint8_t writer = 0; writer < 4; ++writer) {
        writers.emplace_back([&, writer] {
            for (uint8_t i = 0; i < 25; ++i) {
                EXPECT_TRUE(RevocationFile(path_).append(one(static_cast<uint8_t>(writer * 25 + i)), kNow));
                if (i % 5 == 0) {
                    EXPECT_TRUE(RevocationFile(path_).load(kNow));
                }
            }
        });
    }
    for (std::thread& writer : writers)
        writer.join();
    EXPECT_EQ(100u, file_.load(kNow)->size());
}

TEST_F(AuthRevocations, WhereNoneCanBe) {
    EXPECT_FALSE(RevocationFile(folder_.path() + "/no/such").load(kNow));
    EXPECT_FALSE(RevocationFile(folder_.path() + "/no/such").append(one(1), kNow));
}

}  // namespace
}  // namespace marmoset::auth_module
