// Typed reading of checked settings. In: a libconfig group and its table. Out: values with their defaults.

#include "config/section.h"

#include <fmt/format.h>
#include <libconfig.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "config/value.h"

namespace marmoset::config {

namespace {

bool is_group(const config_setting_t* setting) {
    return config_setting_type(setting) == CONFIG_TYPE_GROUP;
}

const config_setting_t* member(const config_setting_t* group, std::string_view name) {
    if (group == nullptr || !is_group(group)) return nullptr;
    return config_setting_get_member(group, std::string(name).c_str());
}

std::string_view default_of(const Key& key) {
    return key.default_text != nullptr ? key.default_text : "";
}

}  // namespace

std::string_view Section::name() const {
    const char* name = setting_ != nullptr ? config_setting_name(setting_) : nullptr;
    return name != nullptr ? name : "";
}

const Key& Section::find_key(std::string_view name) const {
    for (const Key& key : keys_) {
        if (name == key.name) return key;
    }
    assert(!"a key that is not in the section's table");
    std::abort();
}

const Key& Section::find_key(std::string_view name, [[maybe_unused]] Type type) const {
    const Key& key = find_key(name);
    assert(key.type == type);
    return key;
}

const config_setting_t* Section::find(const Key& key) const {
    bool wants_group = key.type == Type::Group || key.type == Type::GroupList;
    // A module's group may share a plain key's name (headers = [...], headers = {...}): each sees its own.
    auto fits = [&](const config_setting_t* found) {
        return found != nullptr && (wants_group || !is_group(found));
    };
    const config_setting_t* found = member(setting_, key.name);
    if (fits(found)) return found;
    for (std::string_view alias : alternatives(key.alias)) {
        found = member(setting_, alias);
        if (fits(found)) return found;
    }
    return nullptr;
}

bool Section::has(std::string_view key) const {
    return find(find_key(key)) != nullptr;
}

std::string_view Section::string(std::string_view name) const {
    const Key& key = find_key(name);
    assert(key.type == Type::String || key.type == Type::Words);
    const config_setting_t* found = find(key);
    const char* value = found != nullptr ? config_setting_get_string(found) : nullptr;
    return value != nullptr ? value : default_of(key);
}

int64_t Section::integer(std::string_view name) const {
    const Key& key = find_key(name, Type::Integer);
    if (const config_setting_t* found = find(key)) return config_setting_get_int64(found);
    return std::strtoll(std::string(default_of(key)).c_str(), nullptr, 10);
}

bool Section::boolean(std::string_view name) const {
    const Key& key = find_key(name, Type::Boolean);
    if (const config_setting_t* found = find(key)) return config_setting_get_bool(found) != 0;
    return default_of(key) == "true";
}

uint64_t Section::milliseconds(std::string_view name) const {
    const Key& key = find_key(name, Type::Seconds);
    const config_setting_t* found = find(key);
    if (found != nullptr && config_setting_type(found) != CONFIG_TYPE_FLOAT) {
        return static_cast<uint64_t>(config_setting_get_int64(found)) * 1000;
    }
    double seconds = found != nullptr ? config_setting_get_float(found)
                                      : std::strtod(std::string(default_of(key)).c_str(), nullptr);
    return static_cast<uint64_t>(std::llround(seconds * 1000));
}

uint64_t Section::size(std::string_view name) const {
    const Key& key = find_key(name, Type::Size);
    const config_setting_t* found = find(key);
    if (found == nullptr) return parse_size(default_of(key)).value_or(0);
    if (const char* text = config_setting_get_string(found)) return parse_size(text).value_or(0);
    return static_cast<uint64_t>(config_setting_get_int64(found));
}

std::vector<std::string> Section::strings(std::string_view name) const {
    const Key& key = find_key(name);
    assert(key.type == Type::StringList || key.type == Type::Words);
    std::vector<std::string> values;
    const config_setting_t* found = find(key);
    const char* single = found != nullptr ? config_setting_get_string(found) : nullptr;
    if (key.type == Type::Words) {
        std::string_view text = single != nullptr ? single : found == nullptr ? default_of(key) : "";
        for (std::string_view word : split_words(text))
            values.emplace_back(word);
    } else if (single != nullptr) {
        values.emplace_back(single);
    } else if (found != nullptr) {
        for (int i = 0; i < config_setting_length(found); ++i) {
            if (const char* value = config_setting_get_string_elem(found, i)) values.emplace_back(value);
        }
    } else {
        std::string_view rest = default_of(key);
        while (auto element = next_list_element(rest))
            values.emplace_back(*element);
    }
    return values;
}

bool Section::has_word(std::string_view key, std::string_view word) const {
    assert(find_key(key).type == Type::Words);
    auto words = strings(key);
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& one) { return equal_caseless(one, word); });
}

Section Section::make(const config_setting_t* setting, std::string_view name,
                      std::span<const Key> keys) const {
    auto list = make_list(setting, name, keys);
    if (!list.empty()) return list.front();
    return Section(nullptr, keys, path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name));
}

std::vector<Section> Section::make_list(const config_setting_t* setting, std::string_view name,
                                        std::span<const Key> keys) const {
    std::vector<Section> sections;
    if (setting == nullptr) return sections;
    if (const char* written = config_setting_name(setting)) name = written;
    std::string path = path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
    if (is_group(setting)) {
        sections.emplace_back(setting, keys, std::move(path));
    } else if (config_setting_is_list(setting)) {
        for (int i = 0; i < config_setting_length(setting); ++i) {
            const config_setting_t* element = config_setting_get_elem(setting, static_cast<unsigned>(i));
            if (is_group(element)) sections.emplace_back(element, keys, fmt::format("{}[{}]", path, i));
        }
    }
    return sections;
}

Section Section::group(std::string_view name) const {
    const Key& key = find_key(name);
    assert(key.type == Type::Group || key.type == Type::GroupList);
    return make(find(key), name, key.children);
}

std::vector<Section> Section::groups(std::string_view name) const {
    const Key& key = find_key(name);
    assert(key.type == Type::Group || key.type == Type::GroupList);
    return make_list(find(key), name, key.children);
}

Section Section::group(std::string_view name, std::span<const Key> keys) const {
    return make(find_module_group(name), name, keys);
}

std::vector<Section> Section::groups(std::string_view name, std::span<const Key> keys) const {
    return make_list(find_module_group(name), name, keys);
}

const config_setting_t* Section::find_module_group(std::string_view name) const {
    auto fits = [](const config_setting_t* found) {
        return found != nullptr && (is_group(found) || config_setting_is_list(found));
    };
    const config_setting_t* found = member(setting_, name);
    if (fits(found)) return found;
    const GroupInfo* info = find_known_group(name);
    if (info == nullptr || name != info->name) return nullptr;
    for (std::string_view alias : alternatives(info->alias)) {
        found = member(setting_, alias);
        if (fits(found)) return found;
    }
    return nullptr;
}

std::string Section::location(std::string_view key) const {
    if (setting_ == nullptr) return {};
    const config_setting_t* found = key.empty() ? nullptr : find(find_key(key));
    return location_text(found != nullptr ? found : setting_);
}

Error Section::error(std::string_view key, std::string_view what) const {
    std::string text = location(key);
    if (!text.empty()) text += ": ";
    text += path_;
    if (!key.empty()) {
        const config_setting_t* found = find(find_key(key));
        if (!path_.empty()) text += '.';
        text += found != nullptr ? std::string_view(config_setting_name(found)) : key;
    }
    if (!path_.empty() || !key.empty()) text += ": ";
    text += what;
    return Error{std::move(text), 0};
}

}  // namespace marmoset::config
