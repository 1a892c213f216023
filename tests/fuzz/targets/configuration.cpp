// A configuration file: read, checked against the tables of the core and of the modules, and every value
// asked for. In: the file's text. Out of the same text in two files, the second included at some line of the
// first, the same has to come.
#include <algorithm>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/groups.h"
#include "module/abi.h"
#include "tests/fuzz/support/fuzz.h"
#include "tests/support/temporary_folder.h"

extern "C" {
extern const MarmosetModule marmoset_module_document;
extern const MarmosetModule marmoset_module_websocket;
}

namespace marmoset::fuzz {
namespace {

using config::Key;
using config::Section;
using config::Type;

bool module_keys(std::string_view group, std::span<const Key>& keys) {
    for (const MarmosetModule* module : {&marmoset_module_document, &marmoset_module_websocket}) {
        if (group == module->name) keys = {module->keys, module->key_count};
    }
    return !keys.empty();
}

/// Asks for every value of a group that was checked, and writes it down.
void read_values(const Section& section, std::span<const Key> keys, std::string& out) {
    for (const Key& key : keys) {
        out.append(key.name).append("=");
        switch (key.type) {
            case Type::String:
                out += section.string(key.name);
                break;
            case Type::Integer: {
                const int64_t value = section.integer(key.name);
                require(!section.has(key.name) || (value >= key.min && value <= key.max),
                        "an integer within its bounds");
                out += std::to_string(value);
                break;
            }
            case Type::Boolean:
                out += section.boolean(key.name) ? "true" : "false";
                break;
            case Type::Seconds:
                out += std::to_string(section.milliseconds(key.name));
                break;
            case Type::Size: {
                const uint64_t value = section.size(key.name);
                require(!section.has(key.name) || static_cast<int64_t>(value) <= key.max,
                        "a size within its bounds");
                out += std::to_string(value);
                break;
            }
            case Type::StringList:
            case Type::Words:
                for (const std::string& word : section.strings(key.name))
                    out += word + ",";
                break;
            case Type::Group:
            case Type::GroupList:
                for (const Section& group : section.groups(key.name))
                    read_values(group, key.children, out);
                break;
            case Type::Ignored:
                break;
        }
        out += "\n";
    }
}

/// Without the file and line in front of it, and without the word near which the syntax is wrong.
std::string without_place(const std::string& message) {
    static constexpr std::string_view kSyntax = ": syntax error";
    const size_t file = message.find(": ");
    const std::string text = file == std::string::npos ? message : message.substr(file);
    return text.starts_with(kSyntax) ? std::string(kSyntax) : text;
}

/// All that comes of a file: the values, or what is wrong with it.
std::string outcome(const std::string& path) {
    config::Diagnostics diagnostics;
    const auto document = config::Document::load(path, diagnostics);
    if (!document) {
        require(!document.error().text.empty(), "what is wrong is told");
        return "not loaded" + without_place(document.error().text);
    }
    document->check(module_keys, diagnostics);
    std::string out;
    for (const std::string& line : diagnostics.warnings)
        out += "warning" + without_place(line) + "\n";
    for (const std::string& line : diagnostics.errors)
        out += "error" + without_place(line) + "\n";
    if (!diagnostics.errors.empty()) return out;
    read_values(document->global(), config::global_keys(), out);
    for (const Section& server : document->servers()) {
        read_values(server, config::server_keys(), out);
        for (const config::ModuleGroup& group : config::module_groups(server, module_keys)) {
            std::span<const Key> keys;
            require(module_keys(group.module, keys), "a group of a module that we know");
            for (const Section& section : group.sections)
                read_values(section, keys, out);
        }
    }
    return out;
}

/// Ends of lines at which neither a comment nor a string is open.
std::vector<size_t> places_to_cut(std::string_view text) {
    std::vector<size_t> places;
    enum { Plain, Line, Block, String } state = Plain;
    for (size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = text.substr(i);
        if (state == String && rest[0] == '\\') {
            ++i;
        } else if (state == String) {
            if (rest[0] == '"') state = Plain;
        } else if (state == Block) {
            if (rest.starts_with("*/")) state = Plain, ++i;
        } else if (rest[0] == '\n') {
            state = Plain;
            places.push_back(i + 1);
        } else if (state == Plain && (rest[0] == '#' || rest.starts_with("//"))) {
            state = Line;
        } else if (state == Plain && rest.starts_with("/*")) {
            state = Block, ++i;
        } else if (state == Plain && rest[0] == '"') {
            state = String;
        }
    }
    return places;
}

bool has(std::string_view text, std::string_view word) {
    return text.find(word) != std::string_view::npos;
}

}  // namespace
}  // namespace marmoset::fuzz

// libconfig's lexer forgets the string it was reading when the syntax is wrong elsewhere.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libconfig.so";
}
extern "C" const char* __lsan_default_options();
extern "C" const char* __lsan_default_options() {
    return "print_suppressions=0";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    silence_log();
    static test::TemporaryFolder folder;
    const std::string text(reinterpret_cast<const char*>(data), size);
    // Other files of this machine are no input.
    if ((has(text, "@include") || has(text, "config_d")) && has(text, "/")) return 0;
    const std::string whole = outcome(folder.write("main.conf", text));
    if (has(text, "@include") || has(text, "config_d")) return 0;
    const std::vector<size_t> places = places_to_cut(text);
    if (places.empty()) return 0;
    const size_t place = places[Random({data, size}).below(places.size())];
    folder.write("rest.conf", text.substr(place));
    const std::string cut =
        outcome(folder.write("main.conf", text.substr(0, place) + "@include \"rest.conf\"\n"));
    require_equal(whole, cut, "a configuration in one file and in two");
    return 0;
}
