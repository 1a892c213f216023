// The server around its clients: the socket file, privileges, signals, tasks.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstring>
#include <fstream>

#include "fake_gateway.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using link::RecordType;

Options options_for(const TemporaryFolder& folder, const std::string& name) {
    Options options;
    options.directory = folder.path();
    options.name = name;
    return options;
}

TEST(Socket, IsForOwnerAndGroupOnly) {
    RunningServer server;
    struct stat info;
    ASSERT_EQ(stat(server.path().c_str(), &info), 0);
    EXPECT_TRUE(S_ISSOCK(info.st_mode));
    EXPECT_EQ(info.st_mode & 07777, 0660u);
}

TEST(Socket, MayLieInASubfolderThatIsMade) {
    TemporaryFolder folder;
    TestHandler handler;
    Server server(options_for(folder, "lab/inner/echo"), handler);
    EXPECT_EQ(server.listen(), "");
    EXPECT_EQ(server.listen(), "");  // listens already
    EXPECT_TRUE(connect_to(folder.path() + "/lab/inner/echo", SOCK_SEQPACKET));
}

TEST(Socket, ReplacesAFileNobodyListensOn) {
    TemporaryFolder folder;
    TestHandler handler;
    for (const bool stream : {false, true}) {
        Options options = options_for(folder, "echo");
        options.stream = stream;
        const std::string path = folder.path() + "/echo";
        {
            FileDescriptor dead(socket(AF_UNIX, stream ? SOCK_SEQPACKET : SOCK_STREAM, 0));
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            std::memcpy(address.sun_path, path.data(), path.size());
            ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        }
        Server server(options, handler);
        EXPECT_EQ(server.listen(), "");
        EXPECT_TRUE(connect_to(path, stream ? SOCK_STREAM : SOCK_SEQPACKET));
    }
}

TEST(Socket, IsNotTakenFromAServerThatListens) {
    RunningServer server;
    const std::filesystem::path path(server.path());
    for (const bool stream : {false, true}) {
        TestHandler handler;
        Options options;
        options.directory = path.parent_path();
        options.name = path.filename();
        options.stream = stream;
        Server second(options, handler);
        EXPECT_EQ(second.listen(), "bind " + server.path() + ": another server listens there");
        EXPECT_EQ(second.run(), 1);
    }
    FakeGateway gateway(server.path());
    gateway.open_client(1);
}

TEST(Socket, ReplacesNoOtherFile) {
    TemporaryFolder folder;
    std::ofstream(folder.path() + "/echo") << "precious";
    TestHandler handler;
    Server server(options_for(folder, "echo"), handler);
    EXPECT_EQ(server.listen(),
              "bind " + folder.path() + "/echo: there is a file of that name, and it is no socket");
    EXPECT_EQ(std::filesystem::file_size(folder.path() + "/echo"), 8u);
}

TEST(Socket, OfAnotherServerIsNotRemovedAtTheEnd) {
    TemporaryFolder folder;
    TestHandler handler;
    const std::string path = folder.path() + "/echo";
    auto first = std::make_unique<Server>(options_for(folder, "echo"), handler);
    ASSERT_EQ(first->listen(), "");
    std::filesystem::remove(path);
    Server second(options_for(folder, "echo"), handler);
    ASSERT_EQ(second.listen(), "");
    first.reset();
    EXPECT_TRUE(connect_to(path, SOCK_SEQPACKET));
}

struct BadOptions {
    const char* name;
    Options options;
    const char* error;
};

class SocketRefuses : public testing::TestWithParam<BadOptions> {};

TEST_P(SocketRefuses, WithOneLineThatSaysWhy) {
    TemporaryFolder folder;
    TestHandler handler;
    Options options = GetParam().options;
    options.directory = folder.path();
    Server server(options, handler);
    const std::string error = server.listen();
    EXPECT_NE(error.find(GetParam().error), std::string::npos) << error;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

Options named(std::string name, std::string user = {}, std::string group = {}) {
    Options options;
    options.name = std::move(name);
    options.user = std::move(user);
    options.group = std::move(group);
    return options;
}

INSTANTIATE_TEST_SUITE_P(
    Table, SocketRefuses,
    testing::Values(BadOptions{"NoName", named(""), "name \"\""},
                    BadOptions{"Absolute", named("/x"), "name \"/x\""},
                    BadOptions{"Upwards", named("../x"), "name \"../x\""},
                    BadOptions{"UpwardsInside", named("a/../../x"), "name"},
                    BadOptions{"Dot", named("./x"), "name"}, BadOptions{"Trailing", named("x/"), "name"},
                    BadOptions{"Long", named(std::string(108, 'x')), "File name too long"},
                    BadOptions{"User", named("x", "no such user"), "there is no such user"},
                    BadOptions{"Group", named("x", "", "no such group"), "there is no such group"}),
    [](const auto& info) { return info.param.name; });

// In a child process: privileges do not come back.
TEST(Socket, IsGivenToTheUserTheServerBecomes) {
    if (geteuid() != 0) {  // then only staying who one is can be tested
        TemporaryFolder folder;
        TestHandler handler;
        Options options = options_for(folder, "x");
        options.user = "root";
        Server server(options, handler);
        EXPECT_NE(server.listen().find("only root can become another user"), std::string::npos);
        return;
    }
    TemporaryFolder folder;
    ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
    const pid_t child = fork();
    if (child == 0) {
        TestHandler handler;
        Options options = options_for(folder, "sub/echo");
        options.user = "nobody";
        options.group = "daemon";
        Server server(options, handler);
        const std::string path = folder.path() + "/sub/echo";
        struct stat info;
        if (!server.listen().empty() || stat(path.c_str(), &info) != 0) _exit(1);
        if (info.st_uid != 65534 || info.st_gid != 1 || (info.st_mode & 07777) != 0660) _exit(2);
        if (geteuid() != 65534 || getuid() != 65534 || getegid() == 0 || setuid(0) == 0) _exit(3);
        gid_t groups[64];
        const int count = getgroups(64, groups);
        for (int i = 0; i < count; ++i) {
            if (groups[i] == 0) _exit(4);
        }
        _exit(0);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Runs a server in a child process until a signal ends it; `client` talks to it meanwhile.
void signal_ends_it(int signal_number) {
    TemporaryFolder folder;
    const std::string path = folder.path() + "/echo";
    int ready[2];
    ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
        TestHandler handler;
        Server server(options_for(folder, "echo"), handler);
        if (!server.listen().empty()) _exit(9);
        server.post([&] { (void)!write(ready[1], "", 1); });  // run() has set up its signals
        _exit(server.run());
    }
    ::close(ready[1]);
    char byte;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    FakeGateway gateway(path);
    gateway.open_client(1);
    ASSERT_EQ(kill(child, signal_number), 0);
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1001);
    gateway.expect_end();
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Signals, TermEndsTheServerInOrder) {
    signal_ends_it(SIGTERM);
}
TEST(Signals, InterruptDoesToo) {
    signal_ends_it(SIGINT);
}

TEST(Tasks, RunOnTheServersThreadInOrder) {
    RunningServer server;
    std::vector<int> order;
    std::thread::id thread;
    server.on_server([&] { thread = std::this_thread::get_id(); });
    EXPECT_NE(thread, std::this_thread::get_id());
    std::promise<void> done;
    server.server().post([&] {
        server.server().after(60, [&] {
            order.push_back(2);
            EXPECT_EQ(std::this_thread::get_id(), thread);
            done.set_value();
        });
        server.server().after(0, [&] { order.push_back(1); });
        server.server().post([] { throw std::runtime_error("does no harm"); });
    });
    ASSERT_EQ(done.get_future().wait_for(std::chrono::milliseconds(kPatienceMs)), std::future_status::ready);
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(Tasks, OfBeforeListenRunWhenItRuns) {
    TemporaryFolder folder;
    TestHandler handler;
    Server server(options_for(folder, "echo"), handler);
    std::string order;
    EXPECT_EQ(server.clients(), 0u);
    server.publish("nobody", "x");
    server.post([&] { order += "posted "; });
    server.after(1, [&] {
        order += "after ";
        server.stop();
    });
    EXPECT_EQ(server.run(), 0);
    EXPECT_EQ(order, "posted after ");
}

TEST(Tasks, ThatWereNotRunGoWithTheServer) {
    TemporaryFolder folder;
    TestHandler handler;
    Server server(options_for(folder, "echo"), handler);
    server.after(3600000, [] { ADD_FAILURE(); });
    server.stop();
    EXPECT_EQ(server.run(), 0);
    server.post([] { ADD_FAILURE(); });
    server.after(0, [] { ADD_FAILURE(); });
}

TEST(Tasks, OfDescriptorsRunWhenTheseAreReady) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const FileDescriptor watched(ends[0]);
    FileDescriptor other(ends[1]);
    RunningServer server;  // goes first: what is watched is open
    std::promise<unsigned> writable, ended;
    std::string received;
    server.on_server([&] {
        server.server().watch(watched.get(), Server::kWritable, [&](unsigned events) {
            server.server().unwatch(watched.get());
            writable.set_value(events);
        });
    });
    EXPECT_EQ(writable.get_future().get(), Server::kWritable);
    server.on_server([&] {
        server.server().watch(watched.get(), Server::kWritable, [](unsigned) {});
        // In place of the one before; what is thrown does no harm.
        server.server().watch(watched.get(), Server::kReadable, [&](unsigned events) {
            char byte;
            if (read(watched.get(), &byte, 1) == 1) {
                received += byte;
                throw std::runtime_error("does no harm");
            }
            server.server().unwatch(watched.get());
            ended.set_value(events);
        });
    });
    ASSERT_EQ(write(other.get(), "ab", 2), 2);
    other.reset();
    EXPECT_TRUE(ended.get_future().get() & Server::kReadable);
    EXPECT_EQ(received, "ab");
    server.on_server([&] { server.server().watch(watched.get(), Server::kReadable, [](unsigned) {}); });
}

TEST(ServerLog, EscapesControlCharacters) {
    testing::internal::CaptureStderr();
    websocket_server::write_log(websocket_server::LogLevel::Warning, "one\nline");
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find(" warning "), std::string::npos) << text;
    EXPECT_NE(text.find("one\\x0Aline"), std::string::npos) << text;
}

}  // namespace
}  // namespace marmoset::libwebsocket
