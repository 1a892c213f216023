// The error log: form of its lines, levels, files that are reopened or replaced, threads, rate limit.

#include "log/logger.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace marmoset::log {
namespace {

class Logger : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(open(folder_.path("log"))); }
    void TearDown() override {
        set_process_name("");
        set_level(Level::Info);
        ASSERT_TRUE(open(""));
    }

    /// Lines of a file without their times, which are checked for their form.
    std::vector<std::string> lines(const char* name = "log") {
        constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd.dddZ ";
        std::istringstream content(folder_.read(name));
        std::vector<std::string> all;
        for (std::string line; std::getline(content, line);) {
            std::string form = line.substr(0, kForm.size());
            std::replace_if(
                form.begin(), form.end(), [](char c) { return c >= '0' && c <= '9'; }, 'd');
            EXPECT_EQ(kForm, form) << line;
            all.push_back(line.substr(std::min(line.size(), kForm.size())));
        }
        return all;
    }

    test::TemporaryFolder folder_;
};

using Lines = std::vector<std::string>;

TEST_F(Logger, WritesTimeLevelProcessAndText) {
    info("listening on {}:{}", "127.0.0.1", 80);
    set_process_name("worker 0");
    warning("link lost");
    error("bind: {}", "in use");
    EXPECT_EQ((Lines{"info listening on 127.0.0.1:80", "warning worker 0: link lost",
                     "error worker 0: bind: in use"}),
              lines());
}

TEST_F(Logger, WritesUtcWhateverTheZone) {
    const char* before = std::getenv("TZ");
    std::string saved = before != nullptr ? before : "";
    ::setenv("TZ", "XYZ-11", 1);
    ::tzset();
    time_t start = ::time(nullptr);
    info("x");
    time_t end = ::time(nullptr);
    before != nullptr ? ::setenv("TZ", saved.c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
    tm parts{};
    std::string line = folder_.read("log");
    ASSERT_NE(nullptr, ::strptime(line.c_str(), "%Y-%m-%dT%H:%M:%S", &parts));
    EXPECT_GE(::timegm(&parts), start);
    EXPECT_LE(::timegm(&parts), end);
}

TEST_F(Logger, LeavesOutLesserLevels) {
    debug("no");
    info("yes");
    set_level(Level::Error);
    warning("no");
    error("yes");
    set_level(Level::Debug);
    debug("yes");
    EXPECT_EQ((Lines{"info yes", "error yes", "debug yes"}), lines());
    EXPECT_TRUE(enabled(Level::Debug));
    set_level(Level::Warning);
    EXPECT_FALSE(enabled(Level::Info));
    EXPECT_TRUE(enabled(Level::Warning));
    write(Level::Debug, "whatever the level");
    EXPECT_EQ("debug whatever the level", lines().back());
}

TEST_F(Logger, KeepsPeersFromForgingLines) {
    info("name {}", "x\n2026-01-01T00:00:00.000Z error forged\x1B[0m\xFF");
    EXPECT_EQ((Lines{"info name x\\x0A2026-01-01T00:00:00.000Z error forged\\x1B[0m\\xFF"}), lines());
}

TEST_F(Logger, HasNoColoursInAFile) {
    error("x");
    EXPECT_EQ(std::string::npos, folder_.read("log").find('\033'));
}

TEST_F(Logger, ColoursTheLevelOnATerminal) {
    int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal, 0);
    ASSERT_EQ(0, ::grantpt(terminal));
    ASSERT_EQ(0, ::unlockpt(terminal));
    int peer = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
    ASSERT_GE(peer, 0);
    replace_descriptor(peer);
    warning("x");
    char buffer[256];
    ssize_t count = ::read(terminal, buffer, sizeof buffer);
    ASSERT_TRUE(open(folder_.path("log")));  // the terminal's last user but us goes
    ::close(terminal);
    ASSERT_GT(count, 24);
    EXPECT_EQ(" \033[33mwarning\033[0m x\r\n", std::string(buffer, static_cast<size_t>(count)).substr(24));
}

TEST_F(Logger, AppendsAndCreatesForTheGroup) {
    mode_t before = ::umask(0);
    ASSERT_TRUE(open(folder_.path("mode")));
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(0, ::stat(folder_.path("mode").c_str(), &status));
    EXPECT_EQ(0660u, status.st_mode & 07777u);
    folder_.write("there", "2026-01-01T00:00:00.000Z info before\n");
    ASSERT_TRUE(open(folder_.path("there")));
    info("after");
    EXPECT_EQ((Lines{"info before", "info after"}), lines("there"));
}

TEST_F(Logger, ReopensUnderTheSameNumber) {
    int number = descriptor();
    ASSERT_GT(number, STDERR_FILENO);
    EXPECT_NE(0, ::fcntl(number, F_GETFD) & FD_CLOEXEC);
    info("one");
    ASSERT_EQ(0, ::rename(folder_.path("log").c_str(), folder_.path("log.1").c_str()));
    info("still one");
    ASSERT_TRUE(reopen());
    info("two");
    EXPECT_EQ(number, descriptor());
    EXPECT_NE(0, ::fcntl(number, F_GETFD) & FD_CLOEXEC);
    EXPECT_EQ((Lines{"info one", "info still one"}), lines("log.1"));
    EXPECT_EQ((Lines{"info two"}), lines());
}

TEST_F(Logger, KeepsTheOldFileWhenReopeningFails) {
    ASSERT_TRUE(open(folder_.write("d/log", "")));
    ASSERT_EQ(0, ::rename(folder_.path("d").c_str(), folder_.path("e").c_str()));
    auto done = reopen();
    ASSERT_FALSE(done);
    EXPECT_EQ("open " + folder_.path("d/log") + ": No such file or directory", done.error().text);
    info("kept");
    EXPECT_EQ((Lines{"info kept"}), lines("e/log"));
    EXPECT_FALSE(open(folder_.path("d/other")));
    info("too");
    EXPECT_EQ((Lines{"info kept", "info too"}), lines("e/log"));
}

TEST_F(Logger, TakesADescriptor) {
    int number = descriptor();
    int fd = ::open(folder_.path("other").c_str(), O_WRONLY | O_APPEND | O_CREAT, 0600);
    ASSERT_GE(fd, 0);
    replace_descriptor(fd);
    EXPECT_EQ(number, descriptor());
    EXPECT_EQ(-1, ::fcntl(fd, F_GETFD));
    info("x");
    EXPECT_EQ((Lines{"info x"}), lines("other"));
    EXPECT_TRUE(lines().empty());
}

TEST_F(Logger, WritesNothingAfterADash) {
    ASSERT_TRUE(open("-"));
    EXPECT_EQ(-1, descriptor());
    error("x");
    ASSERT_TRUE(reopen());
    EXPECT_TRUE(lines().empty());
    ASSERT_TRUE(open(""));
    EXPECT_EQ(STDERR_FILENO, descriptor());
}

TEST_F(Logger, DoesNotWaitForAFifosReader) {
    ASSERT_EQ(0, ::mkfifo(folder_.path("fifo").c_str(), 0600));
    auto done = open(folder_.path("fifo"));
    ASSERT_FALSE(done);
    EXPECT_EQ("open " + folder_.path("fifo") + ": No such device or address", done.error().text);
}

TEST_F(Logger, KeepsLinesOfThreadsWhole) {
    constexpr int kThreads = 4;
    constexpr int kLines = 500;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([t] {
            for (int i = 0; i < kLines; ++i)
                info("{} {} {}", t, i, std::string(100, 'x'));
        });
    }
    for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(reopen());
    for (std::thread& thread : threads)
        thread.join();
    auto all = lines();
    std::set<std::string> different(all.begin(), all.end());
    EXPECT_EQ(size_t{kThreads * kLines}, different.size());
    EXPECT_TRUE(
        std::all_of(all.begin(), all.end(), [](const std::string& line) { return line.ends_with("xxx"); }));
}

TEST(RateLimit, PermitsABurstAPeriod) {
    RateLimit limit(3, 1000);
    for (uint64_t now : {5000, 5001, 5999}) {
        EXPECT_TRUE(limit.permit(now));
        EXPECT_EQ("", limit.suffix());
    }
    EXPECT_FALSE(limit.permit(5999));
    EXPECT_FALSE(limit.permit(5999));
    EXPECT_TRUE(limit.permit(6000));
    EXPECT_EQ(" (2 more like this)", limit.suffix());
    EXPECT_TRUE(limit.permit(6001));
    EXPECT_EQ("", limit.suffix());
}

TEST(RateLimit, CountsOverSeveralPeriodsUntilTold) {
    RateLimit limit(1, 100);
    EXPECT_TRUE(limit.permit(0));
    EXPECT_FALSE(limit.permit(99));
    EXPECT_TRUE(limit.permit(100));  // a caller that does not ask loses nothing
    EXPECT_FALSE(limit.permit(101));
    EXPECT_FALSE(limit.permit(102));
    EXPECT_TRUE(limit.permit(100000));
    EXPECT_EQ(" (3 more like this)", limit.suffix());
}

}  // namespace
}  // namespace marmoset::log
