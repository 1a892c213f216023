// Typed values, defaults, aliases, places and messages of sections.

#include "config/section.h"

#include "config/value.h"
#include "tests/unit/config/configuration.h"

namespace marmoset::config {
namespace {

using SectionValues = Configuration;
using Strings = std::vector<std::string>;

TEST_F(SectionValues, GivesTheDefaultsOfTheTables) {
    load("servers = ({ });");
    Section global = document_->global();
    EXPECT_FALSE(global.has("user"));
    EXPECT_EQ("", global.string("user"));
    EXPECT_EQ("info", global.string("log-level"));
    EXPECT_EQ("combined", global.string("access-log-format"));
    EXPECT_FALSE(global.boolean("strict"));
    EXPECT_FALSE(global.has("workers"));
    EXPECT_EQ(256u << 20, global.size("maxmemory"));
    EXPECT_EQ(30000u, global.milliseconds("drain_timeout"));
    EXPECT_TRUE(global.groups("mimetypes").empty());
    Section server = document_->servers()[0];
    EXPECT_EQ(80, server.integer("port"));
    EXPECT_EQ("any", server.string("addr"));
    EXPECT_EQ(15000u, server.milliseconds("keepalivetimeout"));
    EXPECT_EQ(3000u, server.milliseconds("timeout"));
    EXPECT_EQ(0, server.integer("maxclients"));
    EXPECT_EQ(16384u, server.size("header_size"));
    EXPECT_EQ(8192u, server.size("request_line"));
    EXPECT_EQ(100, server.integer("header_count"));
    EXPECT_EQ(10u << 20, server.size("body_size"));
    EXPECT_EQ(256, server.integer("clients_per_address"));
    EXPECT_TRUE(server.boolean("server_tokens"));
    EXPECT_TRUE(server.strings("headers").empty());
    EXPECT_TRUE(server.strings("security").empty());
}

TEST_F(SectionValues, ReadsEachType) {
    load(
        "strict = true; workers = 0; maxmemory = \"1g\"; logfile = \"x\"; drain_timeout = 0.0005;\n"
        "servers = ({ keepalivetimeout = 2.5; timeout = 7; header_size = 512; headers = (\"A: b\", \"C: d, "
        "e\");\n"
        "security = \"frame,\tCache\"; });");
    Section global = document_->global();
    EXPECT_TRUE(global.boolean("strict"));
    EXPECT_TRUE(global.has("workers"));
    EXPECT_EQ(0, global.integer("workers"));
    EXPECT_EQ(1u << 30, global.size("maxmemory"));
    EXPECT_EQ("x", global.string("log-file"));
    EXPECT_TRUE(global.has("log-file"));
    EXPECT_EQ(1u, global.milliseconds("drain_timeout"));
    Section server = document_->servers()[0];
    EXPECT_EQ(2500u, server.milliseconds("keepalivetimeout"));
    EXPECT_EQ(7000u, server.milliseconds("timeout"));
    EXPECT_EQ(512u, server.size("header_size"));
    EXPECT_EQ((Strings{"A: b", "C: d, e"}), server.strings("headers"));
    EXPECT_EQ((Strings{"frame", "Cache"}), server.strings("security"));
    EXPECT_EQ("frame,\tCache", server.string("security"));
    EXPECT_TRUE(server.has_word("security", "cache"));
    EXPECT_FALSE(server.has_word("security", "sniff"));
}

TEST_F(SectionValues, TakesOneStringForAList) {
    load("servers = { headers = \"A: b\"; };");
    EXPECT_EQ((Strings{"A: b"}), document_->servers()[0].strings("headers"));
    load("servers = { headers = []; };");
    EXPECT_TRUE(document_->servers()[0].strings("headers").empty());
}

TEST_F(SectionValues, FindsModuleGroupsWithTheirOwnTable) {
    constexpr Key keys[] = {
        {.name = "docroot", .type = Type::String, .default_text = "/srv", .help = ""},
        {.name = "methods", .type = Type::StringList, .default_text = "GET, HEAD", .help = ""},
    };
    load("servers = ({ filestorage = ({ docroot = \"a\"; },\n{ }); websocket = { };\nheaders = { }; });");
    Section server = document_->servers()[0];
    Section document = server.group("document", keys);
    EXPECT_TRUE(document.present());
    EXPECT_EQ("a", document.string("docroot"));
    EXPECT_EQ("servers[0].filestorage[0]", document.path());
    auto documents = server.groups("document", keys);
    ASSERT_EQ(2u, documents.size());
    EXPECT_EQ("/srv", documents[1].string("docroot"));
    EXPECT_EQ((Strings{"GET", "HEAD"}), documents[1].strings("methods"));
    EXPECT_EQ("m.conf:2", relative(documents[1].location()));
    EXPECT_EQ("filestorage", server.group("filestorage", keys).path().substr(11, 11));
    EXPECT_FALSE(server.group("static_file", keys).present());

    Section websocket = server.group("websocket", keys);
    EXPECT_EQ("websocket", websocket.name());
    EXPECT_EQ("servers[0].websocket", websocket.path());

    Section absent = server.group("cgi", keys);
    EXPECT_FALSE(absent.present());
    EXPECT_EQ("/srv", absent.string("docroot"));
    EXPECT_EQ("", absent.name());
    EXPECT_EQ("servers[0].cgi", absent.path());
    EXPECT_EQ("", absent.location("docroot"));
    EXPECT_EQ("servers[0].cgi.docroot: is needed", absent.error("docroot", "is needed").text);

    // The group of that name is a module's, not the key.
    EXPECT_FALSE(server.has("headers"));
    EXPECT_TRUE(server.group("headers", keys).present());
}

TEST_F(SectionValues, TellsPlaces) {
    load("logfile = \"x\";\nservers = ({\n\nport = 1; });");
    Section global = document_->global();
    EXPECT_EQ("m.conf:1", relative(global.location("log-file")));
    EXPECT_EQ("m.conf", relative(global.location("user")));
    EXPECT_EQ("m.conf:1: logfile: is a folder", relative(global.error("log-file", "is a folder").text));
    EXPECT_EQ("m.conf: user: is needed", relative(global.error("user", "is needed").text));
    EXPECT_EQ("m.conf: nothing", relative(global.error({}, "nothing").text));
    Section server = document_->servers()[0];
    EXPECT_EQ("m.conf:2", relative(server.location()));
    EXPECT_EQ("m.conf:4", relative(server.location("port")));
    EXPECT_EQ("m.conf:2", relative(server.location("addr")));
    EXPECT_EQ("m.conf:4: servers[0].port: taken", relative(server.error("port", "taken").text));
    EXPECT_EQ("m.conf:2: servers[0]: taken", relative(server.error({}, "taken").text));
}

TEST(ConfigSize, ReadsAndWrites) {
    EXPECT_EQ(0u, parse_size("0"));
    EXPECT_EQ(65536u, parse_size("65536"));
    EXPECT_EQ(65536u, parse_size("64K"));
    EXPECT_EQ(65536u, parse_size("64k"));
    EXPECT_EQ(3u << 20, parse_size("3M"));
    EXPECT_EQ(uint64_t{5} << 30, parse_size("5G"));
    EXPECT_EQ(uint64_t{8589934591} << 30, parse_size("8589934591G"));
    for (const char* bad :
         {"", "K", "-1", "1.5M", "16 M", "16KB", "M16", "8589934592G", "9223372036854775808"}) {
        EXPECT_FALSE(parse_size(bad)) << bad;
    }
    for (const char* text : {"0", "1", "1023", "1K", "1025", "64K", "1M", "1025K", "16M", "1G", "3000G"}) {
        EXPECT_EQ(text, size_text(*parse_size(text)));
    }
}

}  // namespace
}  // namespace marmoset::config
