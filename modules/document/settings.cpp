// From keys to settings. In: a checked group. Out: settings, or an error with file and line.
#include "settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "log/logger.h"

namespace marmoset::document {

namespace {

// Above this sendfile costs less than copying from memory (measured: 16 KiB 16.1 against 13.3 µs, 64 KiB 25
// against 29, 256 KiB 58 against 82).
constexpr size_t kLargestInMemory = 48 * 1024;

/// An array, or (as ouistiti writes it) one string with commas.
std::vector<std::string> index_names(const config::Section& section) {
    std::vector<std::string> names;
    for (const std::string& entry : section.strings("defaultpage")) {
        std::string_view list = entry;
        while (auto name = next_list_element(list))
            names.emplace_back(*name);
    }
    return names;
}

void warn_of_options(const config::Section& section) {
    for (const char* word : {"dirlisting", "rest", "home"}) {
        if (!section.has_word("options", word)) continue;
        log::warning("{}: {}.options: {} has no effect in this version", section.location("options"),
                     section.path(), word);
    }
    if (equal_caseless(section.name(), "filestorage")) {
        log::warning("{}: filestorage is read like document: rest has no effect in this version",
                     section.location());
    }
}

}  // namespace

Result<Settings> Settings::read(const module::Context& context, const config::Section& section) {
    Settings settings;
    settings.docroot = section.string("docroot");
    if (settings.docroot.empty())
        return section.error("docroot", "not set; expected the folder of the files");
    const bool follow = !equal_caseless(section.string("symlinks"), "none");
    auto root = RootFolder::open(settings.docroot, follow ? Symlinks::Beneath : Symlinks::None);
    if (!root && !context.check_only) return section.error("docroot", root.error().text);

    LoaderSettings& loader = settings.loader;
    if (root) loader.root = root.take();
    if (root && follow && loader.root.method() == RootFolder::Method::Walk) {
        log::warning("{}: openat2 is not available here: all symbolic links are refused",
                     section.location("symlinks"));
    }
    loader.access = {std::string(section.string("allow")), std::string(section.string("deny")),
                     section.boolean("denylast")};
    loader.index = index_names(section);
    std::vector<MimeTypes::Row> types;
    for (const module::MimeType& type : context.mime_types)
        types.push_back({type.patterns, type.type});
    loader.types = MimeTypes(std::move(types));
    loader.style.charset = section.string("charset");
    loader.style.cache_control = section.has("maxage")
                                     ? fmt::format("max-age={}", section.milliseconds("maxage") / 1000)
                                 : context.may_cache ? ""
                                                     : "no-cache";
    loader.precompressed = section.boolean("precompressed");

    settings.cache.memory = section.size("cachesize");
    settings.cache.entries = static_cast<size_t>(section.integer("cachefiles"));
    settings.cache.valid_ms = section.milliseconds("cachevalid");
    // Three encodings of one file must fit together, or each request would read them anew.
    loader.memory_limit = std::min(kLargestInMemory, settings.cache.memory / kEncodings);
    loader.keep_in_memory = settings.cache.memory > 0;
    warn_of_options(section);
    return settings;
}

}  // namespace marmoset::document
