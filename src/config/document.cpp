// Loading of configuration files. In: the main file's path. Out: parsed files that know their lines.

#include "config/document.h"

#include <dirent.h>
#include <fmt/format.h>
#include <libconfig.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "config/document_file.h"
#include "config/source.h"
#include "config/value.h"

namespace marmoset::config {

namespace {

/// Gives each setting its file and line as libconfig's hook; settings are views of the parsed file from then
/// on.
void attach_locations(config_setting_t* setting, const Source& source) {
    // The hook is a plain pointer of the user, never written through.
    config_setting_set_hook(setting,
                            const_cast<Location*>(&source.location(config_setting_source_line(setting))));
    if (!config_setting_is_aggregate(setting)) return;
    for (int i = 0; i < config_setting_length(setting); ++i) {
        attach_locations(config_setting_get_elem(setting, static_cast<unsigned>(i)), source);
    }
}

/// The written line that libconfig stumbled over, short enough for a message.
std::string line_of(const Source& source, unsigned line) {
    constexpr size_t kLongest = 40;
    std::string_view text = source.text;
    for (unsigned i = 1; i < line && !text.empty(); ++i) {
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    }
    text = text.substr(0, text.find('\n'));
    size_t start = std::min(text.find_first_not_of(" \t\r"), text.size());
    text.remove_prefix(start);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    if (text.size() <= kLongest) return std::string(text);
    return std::string(text.substr(0, kLongest)) + "...";
}

Result<std::vector<std::string>> files_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return errno_error("open", path, errno);
    std::vector<std::string> files;
    if (!S_ISDIR(status.st_mode)) {
        files.push_back(path);
        return files;
    }
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr) return errno_error("open", path, errno);
    while (const dirent* entry = ::readdir(folder)) {
        std::string_view name = entry->d_name;
        if (name.starts_with('.') || !name.ends_with(".conf")) continue;
        std::string file = path + (path.ends_with('/') ? "" : "/") + std::string(name);
        if (::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode)) files.push_back(std::move(file));
    }
    ::closedir(folder);
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

Document::File::File() {
    config_init(&config);
}
Document::File::~File() {
    config_destroy(&config);
}

Result<void> Document::File::load(const std::string& path) {
    auto text = read_source(path);
    if (!text) return text.error();
    source = text.take();
    if (!config_read_string(&config, source.text.c_str())) {
        auto line = static_cast<unsigned>(config_error_line(&config));
        const Location& where = source.location(line);
        std::string near = line_of(source, line);
        return Error{
            fmt::format("{}:{}: {}{}", where.file, where.line, config_error_text(&config),
                        near.empty() ? " at the end of the text" : fmt::format(" at or before: {}", near)),
            0};
    }
    attach_locations(root(), source);
    top = Location{source.lines.front().file, 0};
    config_setting_set_hook(root(), &top);
    return {};
}

Document::Document() = default;
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

Result<Document> Document::load(const std::string& path, Diagnostics& diagnostics) {
    Document document;
    auto add = [&](const std::string& file) -> Result<void> {
        auto loaded = document.files_.emplace_back(std::make_unique<File>())->load(file);
        return loaded;
    };
    if (auto done = add(path); !done) return done.error();
    const config_setting_t* root = document.files_.front()->root();
    const config_setting_t* further = config_setting_get_member(root, "config_d");
    const char* further_path = further != nullptr ? config_setting_get_string(further) : nullptr;
    if (further_path == nullptr || *further_path == '\0') return document;
    auto files = files_of(further_path);
    if (!files) {
        std::string text = fmt::format("{}: config_d: {}", location_text(further), files.error().text);
        if (files.error().code != ENOENT) return Error{std::move(text), files.error().code};
        diagnostics.warnings.push_back(std::move(text));
        return document;
    }
    for (const std::string& file : *files) {
        if (auto done = add(file); !done) return done.error();
    }
    return document;
}

Section Document::global() const {
    return Section(files_.front()->root(), global_keys(), "");
}

std::vector<Section> Document::servers() const {
    std::vector<Section> all;
    for (const auto& file : files_) {
        for (Section& server : Section(file->root(), global_keys(), "").groups("servers")) {
            all.push_back(std::move(server));
        }
    }
    return all;
}

const char* library_version() {
    static const std::string text = fmt::format("libconfig {}.{}", LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR);
    return text.c_str();
}

}  // namespace marmoset::config
