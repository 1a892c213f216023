// Checking: the whole text of each error and warning.

#include "config/section.h"
#include "tests/unit/config/configuration.h"

namespace marmoset::config {
namespace {

using Check = Configuration;

constexpr Key kLinkKeys[] = {
    {.name = "origin", .type = Type::String, .default_text = nullptr, .help = ""},
};
constexpr Key kDocumentKeys[] = {
    {.name = "docroot", .type = Type::String, .default_text = nullptr, .help = ""},
    {.name = "cache", .type = Type::Size, .default_text = "1M", .help = "", .min = 1024, .max = 1 << 30},
    {.name = "limit", .type = Type::Integer, .default_text = "1", .help = "", .min = 1},
    {.name = "least", .type = Type::Integer, .default_text = "1", .help = "", .max = 9},
    {.name = "wait", .type = Type::Seconds, .default_text = "0.5", .help = ""},
    {.name = "options", .type = Type::Words, .default_text = "", .help = "", .choices = "rest|range"},
    {.name = "methods", .type = Type::StringList, .default_text = "GET", .help = "", .choices = "GET|HEAD"},
    {.name = "on", .type = Type::Boolean, .default_text = "true", .help = ""},
    {.name = "link", .type = Type::Group, .default_text = nullptr, .help = "", .children = kLinkKeys},
    {.name = "links", .type = Type::GroupList, .default_text = nullptr, .help = "", .children = kLinkKeys},
};
constexpr Key kVhostKeys[] = {
    {.name = "hostname", .type = Type::String, .default_text = nullptr, .help = ""},
};

bool some_modules(std::string_view group, std::span<const Key>& keys) {
    if (group == "document" || group == "websocket" || group == "headers" || group == "mine")
        keys = kDocumentKeys;
    if (group == "vhost") keys = kVhostKeys;
    return !keys.empty();
}

/// A server with one line of content, the second of the file.
std::string server(const std::string& content) {
    return "servers = ({\n" + content + "\n});\n";
}

TEST_F(Check, AcceptsACleanFile) {
    EXPECT_EQ(
        "", errors("user = \"u\"; log-level = \"INFO\"; mimetypes = ({ ext = \".x\"; mime = \"a/b\"; });\n" +
                       server("port = 0; timeout = 3; keepalivetimeout = 1.5; header_size = \"4k\";\n"
                              "headers = \"A: b\"; security = \"frame, cache\"; unlock_groups = 3;\n"
                              "document = { links = { origin = \"x\"; }; methods = (\"get\"); };"),
                   some_modules));
    EXPECT_EQ("", joined(diagnostics_.warnings));
}

TEST_F(Check, TellsWrongTypes) {
    struct Case {
        const char* content;
        const char* text;
    };
    const Case cases[] = {
        {"port = \"eighty\";", "port: \"eighty\" is not an integer; expected an integer from 0 to 65535"},
        {"port = \"80\";", "port: \"80\" is not an integer; expected an integer from 0 to 65535"},
        {"port = 80.0;", "port: \"80.0\" is not an integer; expected an integer from 0 to 65535"},
        {"port = true;", "port: \"true\" is not an integer; expected an integer from 0 to 65535"},
        {"port = [80];", "port: an array is not an integer; expected an integer from 0 to 65535"},
        {"port = (80);", "port: a list is not an integer; expected an integer from 0 to 65535"},
        {"port = { };", "port: a group is not an integer; expected an integer from 0 to 65535"},
        {"hostname = 80;", "hostname: \"80\" is not a string; expected a string"},
        {"hostname = false;", "hostname: \"false\" is not a string; expected a string"},
        {"server_tokens = 1;", "server_tokens: \"1\" is not a boolean; expected true or false"},
        {"server_tokens = \"true\";", "server_tokens: \"true\" is not a boolean; expected true or false"},
        {"timeout = \"3 s\";",
         "timeout: \"3 s\" is not a number of seconds; expected seconds from 0 to 86400"},
        {"header_size = \"16Q\";",
         "header_size: \"16Q\" is not a size; expected a size in bytes or with K, M or G from 256 to 256K"},
        {"header_size = 16.0;",
         "header_size: \"16.0\" is not a size; expected a size in bytes or with K, M or G from 256 to 256K"},
        {"headers = 3;", "headers: \"3\" is not a list of strings; expected a list of strings"},
        {"headers = (\"a\", 3);", "headers[1]: \"3\" is not a string; expected a string"},
        {"security = [\"frame\"];",
         "security: an array is not a string of words; expected words of frame, cache, sniff or otherorigin"},
        {"document = \"x\";", "document: \"x\" is not a group; expected a group or a list of groups"},
        {"document = ({}, 3);", "document[1]: \"3\" is not a group; expected a group"},
        {"websocket = ({}, {});", "websocket: a list is not a group; expected one group"},
        {"document = { link = 3; };", "document.link: \"3\" is not a group; expected a group"},
        {"document = { link = ({}); };", "document.link: a list is not a group; expected a group"},
        {"document = { links = 3; };",
         "document.links: \"3\" is not a list of groups; expected a list of groups"},
        {"document = { links = (3); };", "document.links[0]: \"3\" is not a group; expected a group"},
        {"document = ({}, { links = ({ origin = 3; }); });",
         "document[1].links[0].origin: \"3\" is not a string; expected a string"},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(std::string("m.conf:2: servers[0].") + one.text, errors(server(one.content), some_modules));
    }
    EXPECT_EQ("m.conf:1: servers: \"x\" is not a list of groups; expected a list of groups",
              errors("servers = \"x\";"));
    EXPECT_EQ("m.conf:1: strict: \"1\" is not a boolean; expected true or false", errors("strict = 1;"));
}

TEST_F(Check, TellsValuesOutOfRange) {
    struct Case {
        const char* content;
        const char* text;
    };
    const Case cases[] = {
        {"port = 65536;", "port: \"65536\" is not in range; expected an integer from 0 to 65535"},
        {"port = -1;", "port: \"-1\" is not in range; expected an integer from 0 to 65535"},
        {"keepalivetimeout = -0.1;",
         "keepalivetimeout: \"-0.1\" is not in range; expected seconds from 0 to 86400"},
        {"keepalivetimeout = 1.0e99;",
         "keepalivetimeout: \"1e+99\" is not in range; expected seconds from 0 to 86400"},
        {"header_size = 255;",
         "header_size: \"255\" is not in range; expected a size in bytes or with K, M or G from 256 to 256K"},
        {"header_size = \"1M\";",
         "header_size: \"1M\" is not in range; expected a size in bytes or with K, M or G from 256 to 256K"},
        {"document = { limit = 0; };",
         "document.limit: \"0\" is not in range; expected an integer, 1 or more"},
        {"document = { least = 10; };",
         "document.least: \"10\" is not in range; expected an integer, 9 or less"},
        {"document = { wait = -1; };", "document.wait: \"-1\" is not in range; expected seconds"},
        {"document = { wait = 9223372036854775807; };",
         "document.wait: \"9223372036854775807\" is not in range; expected seconds"},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(std::string("m.conf:2: servers[0].") + one.text, errors(server(one.content), some_modules));
    }
}

TEST_F(Check, AcceptsTheBounds) {
    for (const char* content : {"port = 0;", "port = 65535;", "header_size = 256;", "header_size = \"256K\";",
                                "keepalivetimeout = 86400;", "keepalivetimeout = 0.0;"}) {
        EXPECT_EQ("", errors(server(content))) << content;
    }
}

TEST_F(Check, TellsBadChoices) {
    EXPECT_EQ("m.conf:2: log-level: \"loud\" is not a choice; expected debug, info, warning or error",
              errors("\nlog-level = \"loud\";"));
    EXPECT_EQ("m.conf:1: log-level: \"3\" is not a string; expected debug, info, warning or error",
              errors("log-level = 3;"));
    EXPECT_EQ(
        "m.conf:2: servers[0].document.methods[1]: \"PUT\" is not a choice; expected a list of GET or HEAD",
        errors(server("document = { methods = [\"get\", \"PUT\"]; };"), some_modules));
    EXPECT_EQ(
        "m.conf:2: servers[0].security: unknown word \"frme\"; expected words of frame, cache, sniff or "
        "otherorigin",
        warnings(server("security = \"cache,frme\";")));
}

TEST_F(Check, TellsUnknownKeysWithTheNearest) {
    EXPECT_EQ("m.conf:1: usr: unknown key; did you mean \"user\"?", warnings("usr = \"x\";"));
    EXPECT_EQ("m.conf:1: log_file: unknown key; did you mean \"log-file\"?", warnings("log_file = \"x\";"));
    EXPECT_EQ("m.conf:1: completely_other: unknown key", warnings("completely_other = 1;"));
    EXPECT_EQ("m.conf:2: servers[0].keepalivetimout: unknown key; did you mean \"keepalivetimeout\"?",
              warnings(server("keepalivetimout = 3;")));
    EXPECT_EQ("m.conf:2: servers[0].websoket: unknown key; did you mean \"websocket\"?",
              warnings(server("websoket = {};")));
    EXPECT_EQ("m.conf:2: servers[0].document.docrot: unknown key; did you mean \"docroot\"?",
              warnings(server("document = { docrot = \"x\"; };"), some_modules));
    EXPECT_EQ("m.conf:2: servers[0].document.links[0].orign: unknown key; did you mean \"origin\"?",
              warnings(server("document = { links = ({ orign = \"x\"; }); };"), some_modules));
    EXPECT_EQ("", joined(diagnostics_.errors));
}

TEST_F(Check, MakesUnknownKeysErrorsWhenStrict) {
    EXPECT_EQ(
        "m.conf:2: usr: unknown key; did you mean \"user\"?\n"
        "m.conf:3: servers[0].security: unknown word \"x\"; expected words of frame, cache, sniff or "
        "otherorigin",
        errors("strict = true;\nusr = \"x\";\nservers = ({ security = \"x\"; cgi = {}; });"));
    EXPECT_EQ("m.conf:3: servers[0].cgi: this build has no module \"cgi\"; the group is left out",
              joined(diagnostics_.warnings));
}

TEST_F(Check, RefusesToLeaveOutWhatProtects) {
    for (const char* group : {"auth", "tls", "userfilter", "clientfilter", "methodlock"}) {
        EXPECT_EQ(std::string("m.conf:2: servers[0].") + group + ": this build has no module \"" + group +
                      "\", and leaving the group out would open what it protects",
                  errors(server(std::string(group) + " = { whatever = 1; };")));
    }
    // A slip in the name must not do it either, even when unknown keys are only warnings.
    EXPECT_EQ("m.conf:2: servers[0].auht: unknown key; did you mean \"auth\"?",
              errors(server("auht = { type = \"Basic\"; };")));
}

TEST_F(Check, LeavesOutOtherGroupsWithoutAModule) {
    EXPECT_EQ(
        "m.conf:2: servers[0].cgi: this build has no module \"cgi\"; the group is left out\n"
        "m.conf:2: servers[0].redirect: this build has no module \"redirect\"; the group is left out",
        warnings(server("cgi = { docrot = 3; }; redirect = {};")));
    EXPECT_EQ("", joined(diagnostics_.errors));
}

TEST_F(Check, MissesTheModulesOfTheMainJob) {
    EXPECT_EQ(
        "m.conf:2: servers[0].filestorage: no module \"document\" was found; -M names the folder of the "
        "modules\n"
        "m.conf:2: servers[0].websocket: no module \"websocket\" was found; -M names the folder of the "
        "modules",
        errors(server("filestorage = {}; websocket = {};")));
}

TEST_F(Check, ChecksAliasesAsTheirModule) {
    EXPECT_EQ("m.conf:2: servers[0].static_file.docroot: \"3\" is not a string; expected a string",
              errors(server("static_file = { docroot = 3; };"), some_modules));
    EXPECT_EQ("m.conf:2: servers[0].filestorage: not used, because \"document\" is set too",
              warnings(server("filestorage = { docroot = 3; }; document = {};"), some_modules));
    EXPECT_EQ("m.conf:1: logfile: not used, because \"log-file\" is set too",
              warnings("logfile = \"a\"; log-file = \"b\";"));
}

TEST_F(Check, TellsAModulesGroupFromAKeyOfItsName) {
    EXPECT_EQ("m.conf:2: servers[0].headers.limit: \"x\" is not an integer; expected an integer, 1 or more",
              errors(server("headers = { limit = \"x\"; };"), some_modules));
    EXPECT_EQ("", errors(server("headers = [\"A: b\"];"), some_modules));
}

TEST_F(Check, ChecksModulesUnknownToOuistiti) {
    EXPECT_EQ("m.conf:2: servers[0].mine[1].on: \"1\" is not a boolean; expected true or false",
              errors(server("mine = ({}, { on = 1; });"), some_modules));
}

TEST_F(Check, ChecksTheModulesOfAVhost) {
    EXPECT_EQ(
        "m.conf:2: servers[0].vhost[0].document.docroot: \"3\" is not a string; expected a string\n"
        "m.conf:2: servers[0].vhost[0].auth: this build has no module \"auth\", and leaving the group out "
        "would open "
        "what it protects",
        errors(server("vhost = ({ hostname = \"a\"; document = { docroot = 3; }; auth = {}; });"),
               some_modules));
}

TEST_F(Check, QuotesValuesAsOneShortLine) {
    EXPECT_EQ("m.conf:1: workers: \"a b\" is not an integer; expected an integer from 0 to 1024",
              errors("workers = \"a\\nb\";"));
    EXPECT_EQ("m.conf:1: workers: \"" + std::string(60, 'x') +
                  "...\" is not an integer; expected an integer from 0 to 1024",
              errors("workers = \"" + std::string(61, 'x') + "\";"));
}

}  // namespace
}  // namespace marmoset::config
