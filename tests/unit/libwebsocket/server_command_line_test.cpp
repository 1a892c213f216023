// The command line that all system servers share: letters of ouistiti's and long names, help, the background.
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fstream>

#include "fake_gateway.h"
#include "running_server.h"

namespace marmoset::libwebsocket {
namespace {

using link::RecordType;
using websocket_server::CommandLine;

struct Arguments {
    explicit Arguments(std::initializer_list<const char*> arguments)
        : texts(arguments.begin(), arguments.end()) {
        texts.insert(texts.begin(), "program");
        for (std::string& text : texts)
            pointers.push_back(text.data());
        pointers.push_back(nullptr);
    }
    int count() const { return static_cast<int>(texts.size()); }
    std::vector<std::string> texts;
    std::vector<char*> pointers;
};

TEST(ServerCommandLine, UnderstandsOuistitisLettersAndLongNames) {
    for (const bool is_long : {false, true}) {
        CommandLine line("echo", "echoes");
        bool test = false;
        std::string library = "default";
        line.add_flag('t', "test", "help", test);
        line.add_option(0, "library", "FILE", "help", library);
        EXPECT_EQ(line.options().name, "echo");
        EXPECT_EQ(line.options().directory, "/var/run/websocket");
        EXPECT_EQ(line.options().software, std::string("echo/") + websocket_server::kVersion);
        Arguments arguments =
            is_long ? Arguments{"--root=/r",       "--name",          "n",      "--user=u",  "--group=g",
                                "--max-clients=5", "--stream",        "--test", "--library", "l",
                                "--window=4096",   "--max-message=10"}
                    : Arguments{"-tR/r",
                                "-nn",
                                "-u",
                                "u",
                                "-g",
                                "g",
                                "-m",
                                "5",
                                "--stream",
                                "--library=l",
                                "--window=4096",
                                "--max-message=10"};
        ASSERT_TRUE(line.parse(arguments.count(), arguments.pointers.data()));
        EXPECT_EQ(line.options().directory, "/r");
        EXPECT_EQ(line.options().name, "n");
        EXPECT_EQ(line.options().user, "u");
        EXPECT_EQ(line.options().group, "g");
        EXPECT_EQ(line.options().max_clients, 5u);
        EXPECT_EQ(line.options().window, 4096u);
        EXPECT_EQ(line.options().max_message, 10u);
        EXPECT_TRUE(line.options().stream);
        EXPECT_TRUE(test);
        EXPECT_EQ(library, "l");
    }
}

TEST(ServerCommandLine, AFramingMeansAStream) {
    using websocket_server::Framing;
    const std::pair<const char*, Framing> framings[] = {{"--framing=bytes", Framing::Bytes},
                                                        {"--framing=lines", Framing::Lines},
                                                        {"--framing=records", Framing::Records}};
    for (const auto& [argument, framing] : framings) {
        CommandLine line("echo", "echoes");
        EXPECT_FALSE(line.options().stream);
        Arguments arguments{argument};
        ASSERT_TRUE(line.parse(arguments.count(), arguments.pointers.data()));
        EXPECT_TRUE(line.options().stream);
        EXPECT_EQ(line.options().framing, framing);
    }
}

TEST(ServerCommandLine, MayHaveAnotherLimitOfMessages) {
    CommandLine line("echo", "echoes");
    line.defaults().max_message = 4711;
    Arguments none{}, help{"-h"}, own{"--max-message=99"};
    ASSERT_TRUE(line.parse(none.count(), none.pointers.data()));
    EXPECT_EQ(line.options().max_message, 4711u);
    testing::internal::CaptureStdout();
    EXPECT_FALSE(line.parse(help.count(), help.pointers.data()));
    EXPECT_NE(testing::internal::GetCapturedStdout().find("(default 4711)"), std::string::npos);
    ASSERT_TRUE(line.parse(own.count(), own.pointers.data()));
    EXPECT_EQ(line.options().max_message, 99u);
}

TEST(ServerCommandLine, PrintsHelpAndVersionAndNothingElseIsDone) {
    CommandLine line("echo", "sends back", "1.2");
    bool test = false;
    line.add_flag('t', "test", "tests it", test);
    Arguments help{"-h"}, version{"-V"};
    testing::internal::CaptureStdout();
    EXPECT_FALSE(line.parse(help.count(), help.pointers.data()));
    EXPECT_EQ(line.status(), 0);
    EXPECT_FALSE(line.parse(version.count(), version.pointers.data()));
    EXPECT_EQ(line.status(), 0);
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_NE(text.find("Usage: echo "), std::string::npos);
    EXPECT_NE(text.find("  -t, --test "), std::string::npos);
    EXPECT_NE(text.find("  -R, --root DIR "), std::string::npos);
    EXPECT_NE(text.find("echo/1.2\n"), std::string::npos);
}

TEST(ServerCommandLine, ALetterOfTheProgramsOwnGoesBeforeACommonOnes) {
    CommandLine line("rpc", "calls");
    std::vector<std::string> libraries;
    line.add_options('L', "library", "FILE", "loads it", libraries);
    line.defaults().max_message = 1024;
    Arguments arguments{"-L", "one", "--log-file=/l", "--library=two"}, help{"-h"};
    ASSERT_TRUE(line.parse(arguments.count(), arguments.pointers.data()));
    EXPECT_EQ(libraries, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(line.options().max_message, 1024u);
    testing::internal::CaptureStdout();
    EXPECT_FALSE(line.parse(help.count(), help.pointers.data()));
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_NE(text.find("  -L, --library FILE "), std::string::npos);
    EXPECT_NE(text.find("      --log-file FILE "), std::string::npos);
    EXPECT_NE(text.find("(default 1024)"), std::string::npos);
}

TEST(ServerCommandLine, RefusesWhatItDoesNotKnow) {
    for (auto arguments :
         {Arguments{"-x"}, Arguments{"--unknown"}, Arguments{"stray"}, Arguments{"-m", "many"},
          Arguments{"-m", "-1"}, Arguments{"--window=1023"}, Arguments{"--max-message=0"}, Arguments{"-n"},
          Arguments{"--framing"}, Arguments{"--framing=words"}}) {
        for (size_t i = 0; i < arguments.texts.size(); ++i)
            arguments.pointers[i] = arguments.texts[i].data();
        CommandLine line("echo", "echoes");
        testing::internal::CaptureStderr();
        EXPECT_FALSE(line.parse(arguments.count(), arguments.pointers.data()));
        EXPECT_EQ(line.status(), 1);
        EXPECT_NE(testing::internal::GetCapturedStderr().find("--help"), std::string::npos);
    }
}

TEST(ServerCommandLine, PreparesOnceTheSocketIsBound) {
    TemporaryFolder folder;
    for (const char* daemon : {"-n", "-Dn"}) {
        const pid_t child = fork();
        if (child == 0) {
            CommandLine line("echo", "echoes");
            Arguments arguments{"-R", folder.path().c_str(), daemon, "echo"};
            if (!line.parse(arguments.count(), arguments.pointers.data())) _exit(9);
            TestHandler handler;
            Server server(line.options(), handler);
            const int status = line.run(server, [&]() -> std::string {
                return connect_to(folder.path() + "/echo", SOCK_SEQPACKET) ? "bound and unprepared" : "";
            });
            _exit(status);
        }
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), 1);
    }
}

// The caller learns whether the daemon listens: run() returns in both processes, in the child when it has
// ended.
TEST(ServerCommandLine, GoesToTheBackgroundOnceItListens) {
    TemporaryFolder folder;
    const std::string path = folder.path() + "/echo";
    const std::string log = folder.path() + "/log";
    const auto start = [&] {
        const pid_t child = fork();
        if (child == 0) {
            CommandLine line("echo", "echoes");
            Arguments arguments{"-D", "-R", folder.path().c_str(), "-L", log.c_str()};
            if (!line.parse(arguments.count(), arguments.pointers.data())) _exit(9);
            TestHandler handler;
            handler.received = [](Client& client, const Message&) { client.send(std::to_string(getpid())); };
            Server server(line.options(), handler);
            _exit(line.run(server));
        }
        int status = -1;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    };
    ASSERT_EQ(start(), 0);
    EXPECT_EQ(start(), 1);  // a second one
    FakeGateway gateway(path);
    gateway.open_client(1);
    gateway.send(message(1, "who?"));
    const pid_t daemon = std::stoi(gateway.expect_message(1));
    ASSERT_EQ(kill(daemon, SIGTERM), 0);
    EXPECT_EQ(gateway.expect(RecordType::Close, 1).code, 1001);
    gateway.expect_end();
    std::ifstream lines(log);
    const std::string text((std::istreambuf_iterator<char>(lines)), {});
    EXPECT_NE(text.find("another server listens there"), std::string::npos) << text;
}

}  // namespace
}  // namespace marmoset::libwebsocket
