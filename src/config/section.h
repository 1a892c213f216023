// A configuration group as its readers see it: typed values with the schema's defaults, each able to say
// file, line and key. A Section is a view: the Document it came from outlives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/schema.h"

struct config_setting_t;  // libconfig

namespace marmoset::config {

class Section {
  public:
    Section() = default;
    /// `setting` nullptr: an absent group, all defaults. `path`: for messages, "servers[0].websocket".
    Section(const config_setting_t* setting, std::span<const Key> keys, std::string path)
        : setting_(setting), keys_(keys), path_(std::move(path)) {}

    bool present() const { return setting_ != nullptr; }
    const std::string& path() const { return path_; }
    /// The group's own key as the file writes it, so that an alias can be told; empty for an absent group and
    /// in a list.
    std::string_view name() const;

    /// True if the file sets the key (or an alias of it).
    bool has(std::string_view key) const;

    /// Values; the schema's default when unset (empty, 0, false if it has none). Asking for a key that is not
    /// in the schema, or as another type, is a programming error and asserts. The file was checked before:
    /// these can't fail.
    std::string_view string(
        std::string_view key) const;  ///< of a String key, or the whole text of a Words key
    int64_t integer(std::string_view key) const;
    bool boolean(std::string_view key) const;
    uint64_t milliseconds(std::string_view key) const;                 ///< of a Seconds key
    uint64_t size(std::string_view key) const;                         ///< of a Size key, bytes
    std::vector<std::string> strings(std::string_view key) const;      ///< of a StringList or Words key
    bool has_word(std::string_view key, std::string_view word) const;  ///< of a Words key, without case

    /// Sub-group; not present() when the file lacks it.
    Section group(std::string_view key) const;
    std::vector<Section> groups(std::string_view key) const;
    /// Any sub-group by name with a table of its own (a module's); ignores this section's table. "document"
    /// also finds ouistiti's older names, filestorage and static_file; name() of the result tells which it
    /// was.
    Section group(std::string_view name, std::span<const Key> keys) const;
    std::vector<Section> groups(std::string_view name, std::span<const Key> keys) const;

    /// Whether there is a sub-group of that name (a module's).
    bool has_group(std::string_view name) const { return find_module_group(name) != nullptr; }

    /// "file:line" of the key, or of the group when the key is unset.
    std::string location(std::string_view key = {}) const;
    /// "file:line: path.key: what" — for what only the reader of the value can judge.
    Error error(std::string_view key, std::string_view what) const;

    const config_setting_t* setting() const { return setting_; }

  private:
    const Key& find_key(std::string_view name) const;
    const Key& find_key(std::string_view name, Type type) const;  ///< asserts the type too
    const config_setting_t* find(const Key& key) const;
    const config_setting_t* find_module_group(std::string_view name) const;
    Section make(const config_setting_t* setting, std::string_view name, std::span<const Key> keys) const;
    std::vector<Section> make_list(const config_setting_t* setting, std::string_view name,
                                   std::span<const Key> keys) const;

    const config_setting_t* setting_ = nullptr;
    std::span<const Key> keys_;
    std::string path_;
};

}  // namespace marmoset::config
