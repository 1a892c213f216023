// --help-config: its text, and that it is a configuration.

#include <algorithm>

#include "tests/unit/config/configuration.h"

namespace marmoset::config {
namespace {

using Describe = Configuration;

constexpr Key kChildKeys[] = {
    {.name = "origin", .type = Type::String, .default_text = nullptr, .help = "Where."},
};
constexpr Key kKeys[] = {
    {.name = "docroot", .type = Type::String, .default_text = "a\"b\\c", .help = "Folder."},
    {.name = "size", .type = Type::Size, .default_text = "16K", .help = "Size.", .min = 1024, .max = 1 << 20},
    {.name = "bytes", .type = Type::Size, .default_text = "100", .help = "Size too."},
    {.name = "wait", .type = Type::Seconds, .default_text = "0.5", .help = "Wait.", .min = 0},
    {.name = "on", .type = Type::Boolean, .default_text = "true", .help = "On.", .alias = "an|aan"},
    {.name = "methods", .type = Type::StringList, .default_text = "GET, HEAD", .help = "Methods."},
    {.name = "kind", .type = Type::String, .default_text = "x", .help = "Kind.", .choices = "x|y|z"},
    {.name = "user", .type = Type::String, .default_text = nullptr, .help = "User.", .reloadable = false},
    {.name = "old", .type = Type::Ignored, .default_text = nullptr, .help = "Old key."},
    {.name = "links",
     .type = Type::GroupList,
     .default_text = nullptr,
     .help = "Links.",
     .children = kChildKeys},
};

TEST_F(Describe, WritesATable) {
    EXPECT_EQ(
        "    # Folder.\n    # A string.\n    docroot = \"a\\\"b\\\\c\";\n\n"
        "    # Size.\n    # A size in bytes or with K, M or G from 1K to 1M.\n    size = \"16K\";\n\n"
        "    # Size too.\n    # A size in bytes or with K, M or G.\n    bytes = 100;\n\n"
        "    # Wait.\n    # Seconds, 0 or more.\n    wait = 0.5;\n\n"
        "    # On.\n    # True or false; also named an; also named aan.\n    on = true;\n\n"
        "    # Methods.\n    # A list of strings.\n    methods = [\"GET\", \"HEAD\"];\n\n"
        "    # Kind.\n    # x, y or z.\n    kind = \"x\";\n\n"
        "    # User.\n    # A string; unset by default; a change needs a restart.\n    #user = ...;\n\n"
        "    # Old key.\n    # old: accepted for ouistiti's sake, without effect.\n\n"
        "    # Links.\n    # A list of groups.\n    links = ({\n"
        "        # Where.\n        # A string; unset by default.\n        #origin = ...;\n    });\n",
        describe(kKeys, 1));
}

TEST_F(Describe, LoadsAgainWithoutAMessage) {
    const ModuleTable modules[] = {{"document", kKeys}};
    std::string text = describe_configuration(modules);
    auto module_keys = [](std::string_view group, std::span<const Key>& keys) {
        keys = kKeys;
        return group == "document";
    };
    EXPECT_EQ("", errors(text, module_keys));
    EXPECT_EQ("", joined(diagnostics_.warnings));
    ASSERT_EQ(1u, document_->servers().size());
    EXPECT_EQ("a\"b\\c", document_->servers()[0].group("document", kKeys).string("docroot"));
}

TEST_F(Describe, TellsEachCoreKeyAndKeepsItsLinesShort) {
    std::string text = describe_configuration({});
    for (auto keys : {global_keys(), server_keys()}) {
        for (const Key& key : keys)
            EXPECT_NE(std::string::npos, text.find(key.name)) << key.name;
    }
    for (size_t start = 0; start < text.size();) {
        size_t end = text.find('\n', start);
        EXPECT_LE(end - start, 100u) << text.substr(start, end - start);
        start = end + 1;
    }
}

TEST_F(Describe, HasNoDuplicateNames) {
    for (auto keys : {global_keys(), server_keys()}) {
        std::vector<std::string> names;
        for (const Key& key : keys)
            names.emplace_back(key.name);
        std::sort(names.begin(), names.end());
        EXPECT_EQ(names.end(), std::adjacent_find(names.begin(), names.end()));
    }
}

}  // namespace
}  // namespace marmoset::config
