// Loading: files, includes, config_d, and the texts of what can't be read.

#include "config/document.h"

#include <unistd.h>

#include "tests/unit/config/configuration.h"

namespace marmoset::config {
namespace {

using DocumentLoad = Configuration;

TEST_F(DocumentLoad, ReadsServersOfTheMainFile) {
    load("user = \"www-data\";\nservers = ({ port = 8080; }, { port = 8081; });\n");
    EXPECT_EQ("www-data", document_->global().string("user"));
    auto servers = document_->servers();
    ASSERT_EQ(2u, servers.size());
    EXPECT_EQ(8081, servers[1].integer("port"));
    EXPECT_EQ("servers[1]", servers[1].path());
    EXPECT_EQ("m.conf:2", relative(servers[1].location()));
}

TEST_F(DocumentLoad, TakesOuistitisLayout) {
    // No semicolon behind a group, comments of all kinds, CRLF.
    load(
        "user=\"root\"\r\n#log-file=\"x\"\r\n// a\n/* b\n */ servers= ({\n\t\thostname = "
        "\"www.example.net\";\n"
        "\tpython = {\n docroot = \"/srv\";\n }\n\twebsocket = { allow = \"*\" };\n}\n);\n");
    ASSERT_EQ(1u, document_->servers().size());
    EXPECT_EQ("www.example.net", document_->servers()[0].string("hostname"));
}

TEST_F(DocumentLoad, NamesAMissingFile) {
    Diagnostics diagnostics;
    auto document = Document::load(folder_.path("none.conf"), diagnostics);
    ASSERT_FALSE(document);
    EXPECT_EQ("open none.conf: No such file or directory", relative(document.error().text));
    EXPECT_EQ(ENOENT, document.error().code);
}

TEST_F(DocumentLoad, RefusesAFolder) {
    Diagnostics diagnostics;
    auto document = Document::load(folder_.path(), diagnostics);
    ASSERT_FALSE(document);
    EXPECT_EQ("read " + folder_.path() + ": Is a directory", document.error().text);
}

TEST_F(DocumentLoad, TellsTheLineOfASyntaxError) {
    EXPECT_EQ("m.conf:3: syntax error at or before: port 80;", load_error("user = \"a\";\n\n  port 80;\n"));
    EXPECT_EQ("m.conf:2: duplicate setting name at or before: user = \"b\";",
              load_error("user = \"a\";\nuser = \"b\";\n"));
    EXPECT_EQ("m.conf:1: mismatched element type in array at or before: headers = [\"a\", 1];",
              load_error("headers = [\"a\", 1];\n"));
    EXPECT_EQ("m.conf:3: syntax error at the end of the text", load_error("a = (\n1\n"));
    EXPECT_EQ("m.conf:2: this string has no end", load_error("a = 1;\nuser = \"abc;\nb = 2;\n"));
    EXPECT_EQ("m.conf:1: this comment has no end", load_error("/* abc\nb = 2;\n"));
    EXPECT_EQ("m.conf:2: a NUL byte in the text", load_error(std::string_view("a = 1;\nb\0 = 2;\n", 15)));
    EXPECT_EQ("m.conf:2: syntax error at or before: x123456789012345678901234567890123456789...",
              load_error("a = 1;\nx1234567890123456789012345678901234567890123456789 = ;\n"));
}

TEST_F(DocumentLoad, KeepsWideIntegers) {
    load(
        "maxmemory = 8589934592;\nservers = ({ port = 0x1F90; chunksize = 0x80000000; maxclients = "
        "4294967376L; });\n");
    EXPECT_EQ(8589934592u, document_->global().size("maxmemory"));
    EXPECT_EQ(8080, document_->servers()[0].integer("port"));
    EXPECT_EQ(0x80000000, document_->servers()[0].integer("chunksize"));
    EXPECT_EQ(4294967376, document_->servers()[0].integer("maxclients"));
    // Not a port by wrapping around.
    EXPECT_EQ(
        "m.conf:1: servers[0].port: \"4294967376\" is not in range; expected an integer from 0 to 65535",
        errors("servers = ({ port = 4294967376; });\n"));
    EXPECT_EQ("m.conf:1: 9223372036854775808 is too large for an integer",
              load_error("a = 9223372036854775808;\n"));
    EXPECT_EQ("m.conf:1: 0x8000000000000000 is too large for an integer",
              load_error("a = 0x8000000000000000;\n"));
    // Digits in names, strings and floats are none of them.
    load("user = \"99999999999\";\na99999999999 = 99999999999.5e+1;\n");
    EXPECT_EQ("99999999999", document_->global().string("user"));
}

TEST_F(DocumentLoad, SkipsAByteOrderMark) {
    load("\xEF\xBB\xBFuser = \"a\";");
    EXPECT_EQ("a", document_->global().string("user"));
}

TEST_F(DocumentLoad, NeedsNoLineFeedAtTheEnd) {
    EXPECT_EQ("u", load("user = \"u\";").global().string("user"));
    EXPECT_EQ("u", load("user = \"u\";\n# the last word").global().string("user"));
    EXPECT_EQ("u", load("user = \"u\"; // the last word").global().string("user"));
}

TEST_F(DocumentLoad, IncludesFilesAndKnowsTheirLines) {
    folder_.write("part/server.inc", "\nport = 70000;\n@include \"more.inc\"\nservice = \"s\";");
    folder_.write("part/more.inc", "keepalivetimeout = \"x\"; # no newline at the end");
    EXPECT_EQ(
        "part/server.inc:2: servers[0].port: \"70000\" is not in range; expected an integer from 0 to 65535\n"
        "part/more.inc:1: servers[0].keepalivetimeout: \"x\" is not a number of seconds; expected seconds "
        "from 0 to "
        "86400\n"
        "m.conf:4: servers[0].maxclients: \"-1\" is not in range; expected an integer from 0 to 10000000",
        errors("servers = ({\n  @include \"part/server.inc\"\n# comment\nmaxclients = -1;\n});\n"));
    EXPECT_EQ("s", document_->servers()[0].string("service"));
}

TEST_F(DocumentLoad, TellsTheLineWithinAnInclude) {
    folder_.write("bad.inc", "a = 1;\nb 2;\n");
    EXPECT_EQ("bad.inc:2: syntax error at or before: b 2;", load_error("x = 1;\n@include \"bad.inc\"\n"));
    EXPECT_EQ("m.conf:2: @include: open none.inc: No such file or directory",
              load_error("x = 1;\n@include \"none.inc\"\n"));
    EXPECT_EQ("m.conf:1: @include: expected a file name in quotes", load_error("@include bad.inc\n"));
    EXPECT_EQ("m.conf:1: @include: expected a file name in quotes", load_error("@include \"bad.inc\n\"\n"));
    EXPECT_EQ("m.conf:1: @include: read " + folder_.path() + ": Is a directory",
              load_error("@include \"" + folder_.path() + "\"\n"));
    std::string endless = load_error("@include \"m.conf\"\n");
    EXPECT_EQ("m.conf:1: @include: m.conf is nested deeper than 10 files", endless);
}

TEST_F(DocumentLoad, IncludesOnlyAtTheStartOfALine) {
    EXPECT_EQ("(loaded)", load_error("user = \"\n@include \\\"none\\\"\n\";\n# x\n  # @include \"none\"\n"));
    EXPECT_EQ("m.conf:1: syntax error at or before: a = 1; @include \"none\"",
              load_error("a = 1; @include \"none\"\n"));
}

TEST_F(DocumentLoad, ReadsConfigD) {
    folder_.write("d/20-b.conf", "servers = ({ port = 2; });\n");
    folder_.write("d/10-a.conf", "server = { port = 1; };\n");
    folder_.write("d/.hidden.conf", "servers = ({ port = 3; });\n");
    folder_.write("d/c.conf~", "servers = ({ port = 4; });\n");
    folder_.write("d/folder.conf/x", "");
    load("config_d = \"" + folder_.path("d") + "\";\nservers = ({ port = 0; });\n");
    std::string seen;
    for (const Section& server : document_->servers()) {
        seen += relative(server.location("port")) + " " + server.path() + " " +
                std::to_string(server.integer("port")) + "\n";
    }
    EXPECT_EQ("m.conf:2 servers[0] 0\nd/10-a.conf:1 server 1\nd/20-b.conf:1 servers[0] 2\n", seen);

    load("config_d = \"" + folder_.path("d/20-b.conf") + "\";\n");
    ASSERT_EQ(1u, document_->servers().size());
    EXPECT_EQ(2, document_->servers()[0].integer("port"));
}

TEST_F(DocumentLoad, FindsConfigDFromTheWorkingDirectory) {
    folder_.write("d/a.conf", "servers = ({ port = 1; });\n");
    folder_.write("m.conf", "config_d = \"d\";\n");
    char before[4096];
    ASSERT_NE(nullptr, ::getcwd(before, sizeof before));
    ASSERT_EQ(0, ::chdir(folder_.path().c_str()));
    auto document = Document::load("m.conf", diagnostics_);
    ASSERT_EQ(0, ::chdir(before));
    ASSERT_TRUE(document);
    ASSERT_EQ(1u, document->servers().size());
    EXPECT_EQ("d/a.conf:1", document->servers()[0].location());
}

TEST_F(DocumentLoad, WarnsOfAMissingConfigD) {
    load("\nconfig_d = \"" + folder_.path("none.d") + "\";\n");
    EXPECT_EQ("m.conf:2: config_d: open none.d: No such file or directory", joined(diagnostics_.warnings));
}

TEST_F(DocumentLoad, FailsOnABrokenFileOfConfigD) {
    folder_.write("d/a.conf", "servers = ({ port = ; });\n");
    EXPECT_EQ("d/a.conf:1: syntax error at or before: servers = ({ port = ; });",
              load_error("config_d = \"" + folder_.path("d") + "\";\n"));
}

TEST_F(DocumentLoad, ReadsOnlyServersFromConfigD) {
    folder_.write("d/a.conf", "user = \"x\";\nservers = ({ prt = 1; });\n");
    EXPECT_EQ(
        "d/a.conf:1: user: only servers are read from a file of config_d\n"
        "d/a.conf:2: servers[0].prt: unknown key; did you mean \"port\"?",
        warnings("config_d = \"" + folder_.path("d") + "\";\n"));
}

TEST_F(DocumentLoad, MovesWithItsSections) {
    load("servers = ({ port = 5; });\n");
    Section server = document_->servers()[0];
    Document moved = std::move(*document_);
    document_.reset();
    EXPECT_EQ(5, server.integer("port"));
    EXPECT_EQ("m.conf:1", relative(server.location("port")));
}

}  // namespace
}  // namespace marmoset::config
