// The command line: each flag in each form, refusals as whole texts, and what is printed.

#include "server/options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "server/paths.h"

namespace marmoset::server {
namespace {

class CommandLine : public ::testing::Test {
  protected:
    void SetUp() override {
        ::unsetenv("MARMOSET_MODULES_PATH");
        ::unsetenv("OUISTITI_MODULES_PATH");
    }
    void TearDown() override { SetUp(); }

    static Result<Options> parse(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "marmoset");
        std::vector<char*> argv;
        for (std::string& argument : arguments)
            argv.push_back(argument.data());
        argv.push_back(nullptr);
        return parse_options(static_cast<int>(arguments.size()), argv.data());
    }
    static Options good(std::vector<std::string> arguments) {
        auto options = parse(std::move(arguments));
        EXPECT_TRUE(options) << (options ? "" : options.error().text);
        return options ? options.take() : Options{};
    }
    static std::string refusal(std::vector<std::string> arguments) {
        auto options = parse(std::move(arguments));
        return options ? "(accepted)" : options.error().text;
    }
};

using Paths = std::vector<std::string>;

TEST_F(CommandLine, HasDefaults) {
    Options options = good({});
    EXPECT_EQ(MARMOSET_CONFIGFILE, options.config_file);
    EXPECT_EQ(Paths{MARMOSET_PKGLIBDIR}, options.module_paths);
    EXPECT_EQ("", options.pid_file + options.root + options.ports_file);
    EXPECT_FALSE(options.port || options.only_server || options.workers || options.log_file);
    EXPECT_FALSE(options.daemon || options.kill || options.check || options.print_paths ||
                 options.help_config || options.version || options.help || options.verbose);
}

TEST_F(CommandLine, TakesLettersNamesAndClusters) {
    const Paths forms[] = {
        {"-f", "c", "-p", "p", "-P", "8080", "-M", "a:b", "-W", "w", "-s", "2", "-L", "l", "-D", "-v", "-t"},
        {"-fc", "-pp", "-P8080", "-Ma:b", "-Ww", "-s2", "-Ll", "-Dvt"},
        {"-Dvtf", "c", "-p", "p", "-P", "8080", "-M", "a", "-M", "b", "-W", "w", "-s", "2", "-L", "l"},
        {"--config", "c", "--pid-file=p", "--port=8080", "--modules", "a:b", "--root=w", "--server", "2",
         "--log-file=l", "--daemon", "--verbose", "--check"},
    };
    for (const Paths& form : forms) {
        Options options = good(form);
        EXPECT_EQ("c", options.config_file);
        EXPECT_EQ("p", options.pid_file);
        EXPECT_EQ(8080u, options.port);
        EXPECT_EQ((Paths{"a", "b"}), options.module_paths);
        EXPECT_EQ("w", options.root);
        EXPECT_EQ(2u, options.only_server);
        EXPECT_EQ("l", options.log_file);
        EXPECT_TRUE(options.daemon && options.verbose && options.check);
        EXPECT_FALSE(options.kill || options.version || options.help);
    }
    Options more = good({"--ports-file=x", "--workers", "0", "-P", "0", "-L", ""});
    EXPECT_EQ("x", more.ports_file);
    EXPECT_EQ(0u, more.workers);
    EXPECT_EQ(0u, more.port);
    EXPECT_EQ("", more.log_file);
    EXPECT_EQ(65535u, good({"-P", "65535"}).port);
    EXPECT_EQ(1024u, good({"--workers=1024"}).workers);
}

TEST_F(CommandLine, TakesFlagsThatPrint) {
    EXPECT_TRUE(good({"-h"}).help && good({"--help"}).help);
    EXPECT_TRUE(good({"-V"}).version && good({"--version"}).version);
    EXPECT_TRUE(good({"-C"}).print_paths && good({"--paths"}).print_paths);
    EXPECT_TRUE(good({"--help-config"}).help_config);
    EXPECT_TRUE(good({"-K", "-p", "x"}).kill && good({"-p", "x", "--kill"}).kill);
}

TEST_F(CommandLine, Refuses) {
    EXPECT_EQ("unknown option -Z", refusal({"-Z"}));
    EXPECT_EQ("unknown option -Z", refusal({"-tZ"}));
    EXPECT_EQ("unknown option --nonsense", refusal({"-t", "--nonsense", "-D"}));
    EXPECT_EQ("unknown option --nonsense=1", refusal({"--nonsense=1"}));
    EXPECT_EQ("--daemon takes no value", refusal({"--daemon=1"}));
    EXPECT_EQ("-f (--config) needs a value", refusal({"-f"}));
    EXPECT_EQ("-f (--config) needs a value", refusal({"--config"}));
    EXPECT_EQ("--workers needs a value", refusal({"--workers"}));
    EXPECT_EQ("-P http: expected a number from 0 to 65535", refusal({"-P", "http"}));
    EXPECT_EQ("-P 65536: expected a number from 0 to 65535", refusal({"--port", "65536"}));
    EXPECT_EQ("-P -1: expected a number from 0 to 65535", refusal({"-P", "-1"}));
    EXPECT_EQ("-P : expected a number from 0 to 65535", refusal({"-P", ""}));
    EXPECT_EQ("-s x: expected a number from 0 to 65535", refusal({"-s", "x"}));
    EXPECT_EQ("--workers 1025: expected a number from 0 to 1024", refusal({"--workers=1025"}));
    EXPECT_EQ("unexpected argument stray", refusal({"stray"}));
    EXPECT_EQ("unexpected argument stray", refusal({"-t", "stray", "-D"}));
    EXPECT_EQ("unexpected argument -D", refusal({"--", "-D"}));
    EXPECT_EQ("-K needs the file of the server: -p FILE", refusal({"-K"}));
}

TEST_F(CommandLine, FindsModulesByTheEnvironment) {
    ::setenv("OUISTITI_MODULES_PATH", "/o", 1);
    EXPECT_EQ(Paths{"/o"}, good({}).module_paths);
    ::setenv("MARMOSET_MODULES_PATH", "/m1::/m2:", 1);
    EXPECT_EQ((Paths{"/m1", "/m2"}), good({}).module_paths);
    EXPECT_EQ(Paths{"x"}, good({"-M", "x"}).module_paths);
    ::setenv("MARMOSET_MODULES_PATH", "", 1);
    EXPECT_EQ(Paths{"/o"}, good({}).module_paths);
}

TEST(CommandLineTexts, HelpTellsEachFlagIn80Columns) {
    std::string text = help_text();
    for (const char* flag :
         {"  -f, --config=FILE ", "  -M, --modules=DIR[:DIR] ", "  -W, --root=DIR ", "  -P, --port=PORT ",
          "  -s, --server=N ", "      --workers=N ", "  -p, --pid-file=FILE ", "      --ports-file=FILE ",
          "  -L, --log-file=FILE ", "  -v, --verbose ", "  -D, --daemon ", "  -K, --kill ", "  -t, --check ",
          "  -C, --paths ", "      --help-config ", "  -V, --version ", "  -h, --help "}) {
        EXPECT_NE(std::string::npos, text.find(std::string("\n") + flag)) << flag;
    }
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 80u) << line;
}

TEST(CommandLineTexts, VersionStartsAsOuistitis) {
    EXPECT_TRUE(version_text().starts_with("marmoset/" MARMOSET_VERSION "\n"));
    EXPECT_TRUE(version_text().ends_with("\n"));
}

TEST(CommandLineTexts, PathsAreOuistitis) {
    EXPECT_EQ("sysconfdir=\"" MARMOSET_SYSCONFDIR "\"\nprefix=\"" MARMOSET_PREFIX
              "\"\nlibdir=\"" MARMOSET_LIBDIR "\"\npkglibdir=\"" MARMOSET_PKGLIBDIR
              "\"\ndatadir=\"" MARMOSET_DATADIR "\"\nconfigfile=\"" MARMOSET_CONFIGFILE
              "\"\npidfile=\"" MARMOSET_PIDFILE "\"\nhostname=\"" +
                  default_hostname() + "\"\n",
              paths_text());
}

}  // namespace
}  // namespace marmoset::server
