// The access log: whole lines of each format, files, and readers that do not read.

#include "log/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "log/logger.h"
#include "tests/support/temporary_folder.h"

namespace marmoset::log {
namespace {

constexpr int64_t kTime = 1795313637;  // Sun, 22 Nov 2026 02:13:57 GMT
constexpr size_t kLine = 77;           // of request() in the common format

AccessRecord request() {
    AccessRecord record;
    record.remote = "127.0.0.1";
    record.time = kTime;
    record.method = "GET";
    record.target = "/index.html";
    record.protocol = "HTTP/1.1";
    record.status = 200;
    record.bytes_sent = 12;
    record.duration_us = 345;
    return record;
}

AccessRecord session() {
    AccessRecord record = request();
    record.target = "/echo";
    record.status = 101;
    record.websocket = true;
    record.server = "echo";
    record.close_code = 1000;
    record.messages_in = 3;
    record.bytes_in = 40;
    record.messages_out = 4;
    record.bytes_sent = 50;
    record.duration_us = 61002999;
    return record;
}

class AccessLogFile : public ::testing::Test {
  protected:
    /// What a log of the format holds after these records.
    std::string written(AccessFormat format, std::initializer_list<AccessRecord> records) {
        std::string path = folder_.write("access", "");
        AccessLog log;
        EXPECT_TRUE(log.open(path, format));
        for (const AccessRecord& record : records)
            log.append(record);
        log.flush();
        return folder_.read("access");
    }

    test::TemporaryFolder folder_;
};

TEST_F(AccessLogFile, WritesCommonLines) {
    AccessRecord named = request();
    named.user = "alice";
    named.referer = "r";
    EXPECT_EQ(
        "127.0.0.1 - - [22/Nov/2026:02:13:57 +0000] \"GET /index.html HTTP/1.1\" 200 12\n"
        "127.0.0.1 - alice [22/Nov/2026:02:13:57 +0000] \"GET /index.html HTTP/1.1\" 200 12\n"
        "127.0.0.1 - - [22/Nov/2026:02:13:57 +0000] \"GET /echo HTTP/1.1\" 101 50 ws=echo close=1000 "
        "in=3/40 out=4/50 dur=61.002\n",
        written(AccessFormat::Common, {request(), named, session()}));
}

TEST_F(AccessLogFile, WritesCombinedLines) {
    AccessRecord full = request();
    full.time += 86400;
    full.referer = "http://a/?token=x";
    full.user_agent = "Mozilla/5.0";
    EXPECT_EQ(
        "127.0.0.1 - - [22/Nov/2026:02:13:57 +0000] \"GET /index.html HTTP/1.1\" 200 12 \"-\" \"-\"\n"
        "127.0.0.1 - - [23/Nov/2026:02:13:57 +0000] \"GET /index.html HTTP/1.1\" 200 12 "
        "\"http://a/?token=***\" "
        "\"Mozilla/5.0\"\n"
        "127.0.0.1 - - [22/Nov/2026:02:13:57 +0000] \"GET /echo HTTP/1.1\" 101 50 \"-\" \"-\" ws=echo "
        "close=1000 "
        "in=3/40 out=4/50 dur=61.002\n",
        written(AccessFormat::Combined, {request(), full, session()}));
}

TEST_F(AccessLogFile, WritesJsonLines) {
    AccessRecord full = request();
    full.user = "alice";
    full.host = "www.example.net";
    full.tls = "TLSv1.3";
    full.cipher = "TLS_AES_128_GCM_SHA256";
    full.referer = "http://a/?key=x";
    full.user_agent = "Mozilla/5.0";
    EXPECT_EQ(
        R"({"time":"2026-11-22T02:13:57Z","remote":"127.0.0.1","method":"GET","target":"/index.html",)"
        R"("protocol":"HTTP/1.1","status":200,"bytes":12,"duration_us":345})"
        "\n"
        R"({"time":"2026-11-22T02:13:57Z","remote":"127.0.0.1","user":"alice","method":"GET","target":"/index.html",)"
        R"("protocol":"HTTP/1.1","status":200,"bytes":12,"duration_us":345,"tls":"TLSv1.3",)"
        R"("cipher":"TLS_AES_128_GCM_SHA256","host":"www.example.net",)"
        R"("referer":"http://a/?key=***","user_agent":"Mozilla/5.0"})"
        "\n"
        R"({"time":"2026-11-22T02:13:57Z","remote":"127.0.0.1","method":"GET","target":"/echo",)"
        R"("protocol":"HTTP/1.1","status":101,"bytes":50,"duration_us":61002999,"websocket":"echo","close":1000,)"
        R"("messages_in":3,"bytes_in":40,"messages_out":4})"
        "\n",
        written(AccessFormat::Json, {request(), full, session()}));
}

TEST_F(AccessLogFile, EscapesWhatPeersSend) {
    AccessRecord bad = session();
    bad.user = "a b";
    bad.target = "/\"x\\\x7F";
    bad.user_agent = "a\"\r\n127.0.0.1 - - forged \xFF é";
    bad.server = "a b";
    EXPECT_EQ(
        "127.0.0.1 - a\\x20b [22/Nov/2026:02:13:57 +0000] \"GET /\\\"x\\\\\\x7F HTTP/1.1\" 101 50 \"-\" "
        "\"a\\\"\\x0D\\x0A127.0.0.1 - - forged \\xFF é\" ws=a\\x20b close=1000 in=3/40 out=4/50 dur=61.002\n",
        written(AccessFormat::Combined, {bad}));
    std::string json = written(AccessFormat::Json, {bad});
    EXPECT_NE(std::string::npos, json.find(R"("target":"/\"x\\\u007F")")) << json;
    EXPECT_NE(std::string::npos, json.find(R"("user_agent":"a\"\u000D\u000A127.0.0.1 - - forged \u00FF é")"))
        << json;
}

TEST_F(AccessLogFile, WritesRequestsThatWereNone) {
    AccessRecord none = request();
    none.method = none.target = none.protocol = "";
    none.status = 400;
    AccessRecord old = request();
    old.protocol = "";
    old.target = "/?token=x";
    EXPECT_EQ(
        "127.0.0.1 - - [22/Nov/2026:02:13:57 +0000] \"-\" 400 12\n"
        "127.0.0.1 - - [22/Nov/2026:02:13:57 +0000] \"GET /?token=***\" 200 12\n",
        written(AccessFormat::Common, {none, old}));
}

TEST_F(AccessLogFile, StaysDisabledWithoutAPath) {
    AccessLog log;
    EXPECT_FALSE(log.enabled());
    ASSERT_TRUE(log.open("", AccessFormat::Common));
    EXPECT_FALSE(log.enabled());
    log.append(request());
    log.flush();
    ASSERT_TRUE(log.reopen());
    EXPECT_EQ(-1, log.descriptor());
}

TEST_F(AccessLogFile, GathersLinesUntilFlushed) {
    AccessLog log;
    ASSERT_TRUE(log.open(folder_.path("access"), AccessFormat::Common));
    log.append(request());
    EXPECT_EQ("", folder_.read("access"));
    log.flush();
    EXPECT_EQ(kLine, folder_.read("access").size());
    for (int i = 0; i < 1000; ++i)
        log.append(request());
    size_t size = folder_.read("access").size();
    EXPECT_GE(size, 65536u);
    EXPECT_LT(size, 1001 * kLine);
    log.flush();
    EXPECT_EQ(1001 * kLine, folder_.read("access").size());
}

TEST_F(AccessLogFile, WritesTheRestAtItsEnd) {
    {
        AccessLog log;
        ASSERT_TRUE(log.open(folder_.path("access"), AccessFormat::Common));
        log.append(request());
    }
    EXPECT_EQ(kLine, folder_.read("access").size());
}

TEST_F(AccessLogFile, ReopensUnderTheSameNumber) {
    AccessLog log;
    ASSERT_TRUE(log.open(folder_.path("access"), AccessFormat::Common));
    int number = log.descriptor();
    log.append(request());
    ASSERT_EQ(0, ::rename(folder_.path("access").c_str(), folder_.path("access.1").c_str()));
    ASSERT_TRUE(log.reopen());
    EXPECT_EQ(number, log.descriptor());
    EXPECT_EQ(kLine, folder_.read("access.1").size());
    log.append(request());
    log.append(request());
    log.flush();
    EXPECT_EQ(2 * kLine, folder_.read("access").size());
}

TEST_F(AccessLogFile, KeepsTheOldFileWhenReopeningFails) {
    AccessLog log;
    ASSERT_TRUE(log.open(folder_.write("d/access", ""), AccessFormat::Common));
    ASSERT_EQ(0, ::rename(folder_.path("d").c_str(), folder_.path("e").c_str()));
    auto done = log.reopen();
    ASSERT_FALSE(done);
    EXPECT_EQ("open " + folder_.path("d/access") + ": No such file or directory", done.error().text);
    log.append(request());
    log.flush();
    EXPECT_EQ(kLine, folder_.read("e/access").size());
}

/// A log that writes to a pipe of which the test holds the reading end.
class AccessLogPipe : public ::testing::Test {
  protected:
    void SetUp() override {
        before_ = ::signal(SIGPIPE, SIG_IGN);
        ASSERT_TRUE(open(folder_.path("error.log")));
        ASSERT_TRUE(log_.open(folder_.path("unused"), AccessFormat::Common));
        int ends[2];
        ASSERT_EQ(0, ::pipe(ends));
        reader_ = ends[0];
        ASSERT_EQ(0, ::fcntl(reader_, F_SETFL, O_NONBLOCK));
        ASSERT_GE(::fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
        log_.replace_descriptor(ends[1]);  // a blocking descriptor: flush() must not wait all the same
    }
    void TearDown() override {
        if (reader_ >= 0) ::close(reader_);
        ASSERT_TRUE(open(""));
        ::signal(SIGPIPE, before_);
    }
    std::string read_all() {
        std::string all;
        char buffer[65536];
        for (ssize_t count; (count = ::read(reader_, buffer, sizeof buffer)) > 0;) {
            all.append(buffer, static_cast<size_t>(count));
        }
        return all;
    }

    test::TemporaryFolder folder_;
    AccessLog log_;
    int reader_ = -1;
    sighandler_t before_ = SIG_DFL;
};

TEST_F(AccessLogPipe, NeitherWaitsNorTearsLines) {
    for (int i = 0; i < 200; ++i)
        log_.append(request());
    log_.flush();
    std::string all;
    for (int turn = 0; turn < 100 && all.size() < 200 * kLine; ++turn) {
        std::string part = read_all();
        EXPECT_LE(part.size(), 4096u);
        EXPECT_EQ(0u, part.size() % kLine) << "a write ended within a line";
        all += part;
        log_.flush();
    }
    EXPECT_EQ(200 * kLine, all.size());
    EXPECT_EQ(0u, log_.dropped());
}

TEST_F(AccessLogPipe, WritesLinesLongerThanThePipe) {
    std::string target(20000, 'x');
    AccessRecord record = request();
    record.target = target;
    log_.append(record);
    log_.append(request());
    std::string all;
    for (int turn = 0; turn < 100; ++turn) {
        log_.flush();
        all += read_all();
    }
    EXPECT_EQ(kLine - 11 + 20000 + kLine, all.size());
    EXPECT_TRUE(all.ends_with("\"GET /index.html HTTP/1.1\" 200 12\n"));
}

TEST_F(AccessLogPipe, DropsWholeLinesAndTells) {
    constexpr size_t kLines = 20000;  // 1.6 MB: more than the pipe and the log hold
    for (size_t i = 0; i < kLines; ++i)
        log_.append(request());
    ASSERT_GT(log_.dropped(), 0u);
    uint64_t dropped = log_.dropped();
    EXPECT_EQ("", folder_.read("error.log"));
    size_t size = 0;
    for (std::string part; !(part = read_all()).empty(); log_.flush())
        size += part.size();
    EXPECT_EQ((kLines - dropped) * kLine, size);
    std::string told = "warning access log " + folder_.path("unused") +
                       " did not take lines; dropped: " + std::to_string(dropped) + "\n";
    std::string error_log = folder_.read("error.log");
    EXPECT_TRUE(error_log.ends_with(told)) << error_log;
    log_.append(request());
    log_.flush();
    EXPECT_EQ(kLine, read_all().size());
    EXPECT_EQ(error_log, folder_.read("error.log"));
}

TEST_F(AccessLogPipe, SurvivesAReaderThatGoes) {
    ::close(reader_);
    reader_ = -1;
    log_.append(request());
    log_.append(request());
    log_.flush();
    EXPECT_EQ(2u, log_.dropped());
}

TEST_F(AccessLogPipe, TakesNoHalfLineAlongToAnotherDescriptor) {
    std::string target(20000, 'x');
    AccessRecord record = request();
    record.target = target;
    log_.append(record);
    log_.append(request());
    log_.flush();  // 4096 bytes of the first
    EXPECT_EQ(4096u, read_all().size());
    int ends[2];
    ASSERT_EQ(0, ::pipe(ends));
    std::string full(65536, 'y');  // the old pipe takes no more of it when replaced
    ASSERT_EQ(4096, ::write(log_.descriptor(), full.data(), 4096));
    log_.replace_descriptor(ends[1]);
    ::close(reader_);
    reader_ = ends[0];
    ASSERT_EQ(0, ::fcntl(reader_, F_SETFL, O_NONBLOCK));
    log_.flush();
    std::string all = read_all();
    EXPECT_EQ(kLine, all.size());
    EXPECT_EQ("127.0.0.1", all.substr(0, 9));
    EXPECT_EQ(1u, log_.dropped());
}

TEST_F(AccessLogFile, StartsANewLineBehindATornOne) {
    auto before = ::signal(SIGXFSZ, SIG_IGN);
    rlimit unlimited{};
    ASSERT_EQ(0, ::getrlimit(RLIMIT_FSIZE, &unlimited));
    AccessLog log;
    ASSERT_TRUE(log.open(folder_.path("access"), AccessFormat::Common));
    log.append(request());
    log.append(request());
    rlimit limit = unlimited;
    limit.rlim_cur = 100;  // a disk that is full behind the first line
    ASSERT_EQ(0, ::setrlimit(RLIMIT_FSIZE, &limit));
    log.flush();
    ASSERT_EQ(0, ::setrlimit(RLIMIT_FSIZE, &unlimited));
    ::signal(SIGXFSZ, before);
    EXPECT_EQ(1u, log.dropped());
    log.append(request());
    log.flush();
    std::string line = folder_.read("access").substr(0, kLine);
    EXPECT_EQ(line + line.substr(0, 100 - kLine) + "\n" + line, folder_.read("access"));
}

}  // namespace
}  // namespace marmoset::log
