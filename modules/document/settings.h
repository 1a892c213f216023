// The keys of the `document` group. In: the group as the file has it. Out: what the module's parts are made
// with.
#pragma once

#include <array>
#include <string>

#include "base/result.h"
#include "config/section.h"
#include "file_cache.h"
#include "loader.h"
#include "module/abi.h"

namespace marmoset::document {

inline constexpr std::array kKeys = {
    config::Key{.name = "docroot",
                .type = config::Type::String,
                .default_text = nullptr,
                .help = "Folder of the files; opened once at start. Needed."},
    config::Key{.name = "defaultpage",
                .type = config::Type::StringList,
                .default_text = "index.html",
                .help = "Files that answer for a folder, the first that exists; empty: folders are 404.",
                .alias = "index"},
    config::Key{.name = "allow",
                .type = config::Type::String,
                .default_text = "",
                .help = "Patterns of paths that are served."},
    config::Key{.name = "deny",
                .type = config::Type::String,
                .default_text = "",
                .help = "Patterns of paths that are refused with 403; * refuses what allow does not name."},
    config::Key{.name = "denylast",
                .type = config::Type::Boolean,
                .default_text = "false",
                .help = "Whether allow wins over deny."},
    config::Key{
        .name = "symlinks",
        .type = config::Type::String,
        .default_text = "beneath",
        .help = "Symbolic links: beneath follows relative ones that stay inside docroot, none follows none.",
        .choices = "beneath|none"},
    config::Key{.name = "precompressed",
                .type = config::Type::Boolean,
                .default_text = "true",
                .help = "Whether name.br and name.gz are sent for name to clients that accept them, unless "
                        "they are older."},
    config::Key{.name = "charset",
                .type = config::Type::String,
                .default_text = "utf-8",
                .help = "charset of text types; empty: none is told."},
    config::Key{.name = "maxage",
                .type = config::Type::Seconds,
                .default_text = nullptr,
                .help = "How long clients may use a file without asking (Cache-Control: max-age); unset: "
                        "they must ask (no-cache)."},
    config::Key{.name = "cachesize",
                .type = config::Type::Size,
                .default_text = "32M",
                .help = "Content of files of up to 48 KiB that a worker keeps in memory; 0: none.",
                .max = int64_t{1} << 40},
    config::Key{.name = "cachefiles",
                .type = config::Type::Integer,
                .default_text = "512",
                .help = "Paths that a worker remembers, with larger files open.",
                .min = 1,
                .max = 1 << 20},
    config::Key{.name = "cachevalid",
                .type = config::Type::Seconds,
                .default_text = "1",
                .help = "How long a remembered path is served without looking whether the file changed; 0: "
                        "looks each time.",
                .max = 86400},
    config::Key{.name = "options",
                .type = config::Type::Words,
                .default_text = "range,sendfile",
                .help = "ouistiti's switches; range and sendfile are always on, dirlisting, rest and home "
                        "have no effect yet.",
                .choices = "sendfile|range|dirlisting|rest|home"},
    config::Key{.name = "dochome",
                .type = config::Type::Ignored,
                .default_text = nullptr,
                .help = "For ouistiti's option home."},
    config::Key{.name = "transfer_type",
                .type = config::Type::Ignored,
                .default_text = nullptr,
                .help = "ouistiti's."},
};

struct Settings {
    LoaderSettings loader;
    FileCache::Limits cache;
    std::string docroot;

    /// Opens docroot and warns of keys that will do nothing. An Error names the place in the file.
    static Result<Settings> read(const module::Context& context, const config::Section& section);
};

}  // namespace marmoset::document
