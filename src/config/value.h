// What reading, checking and describing of values share. In: libconfig settings, schema keys, default texts.
// Out: values, and the words messages use for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"

struct config_setting_t;  // libconfig

namespace marmoset::config {

/// "65536", "64K", "16m", "1G": bytes; nullopt if it is none or exceeds 63 bits.
std::optional<uint64_t> parse_size(std::string_view text);
/// The shortest form parse_size() reads: "16M".
std::string size_text(uint64_t bytes);

/// Words split by commas, spaces and tabs; empty ones are skipped.
std::vector<std::string_view> split_words(std::string_view text);
/// Elements of "a|b|c"; none of a nullptr.
std::vector<std::string_view> alternatives(const char* text);
/// True if `word` is one of "a|b|c", without case; also if there are no choices.
bool is_choice(const char* choices, std::string_view word);
/// True if the key is called `name`, or an alias of it is.
bool is_named(const Key& key, std::string_view name);

/// The bounds of a value; Seconds and Size are never negative, and fit when turned into milliseconds.
int64_t minimum_of(const Key& key);
int64_t maximum_of(const Key& key);

/// "an integer from 0 to 65535": what the key accepts.
std::string expectation(const Key& key);
/// "an integer": what a value of the type is called.
const char* type_text(Type type);

/// "file:line" of a setting; the file alone for a file's top level.
std::string location_text(const config_setting_t* setting);
/// A value as messages quote it: "80" with its quotes, cut when long; "a group", "a list" for what holds
/// others.
std::string value_text(const config_setting_t* setting);

/// A group's place in ouistiti's `servers` entries.
struct GroupInfo {
    const char* name;
    const char* alias = nullptr;  ///< other names, "b|c"; the first present counts
    bool list = false;            ///< may stand as a list of several
    bool essential = false;       ///< of the server's main job: without its module there is nothing to serve
    bool protects = false;        ///< leaving it out would open something
};
/// The group called so, or by an alias; nullptr if ouistiti has none.
const GroupInfo* find_known_group(std::string_view name);
std::span<const GroupInfo> known_groups();

}  // namespace marmoset::config
