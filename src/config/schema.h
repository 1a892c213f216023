// Key tables: what a configuration group may hold. One table checks the file, gives defaults, prints
// --help-config and is compared with conf/marmoset.conf by a test. Modules bring their own tables.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace marmoset::config {

enum class Type : uint8_t {
    String,
    Integer,
    Boolean,
    Seconds,     ///< integer or float; seconds
    Size,        ///< integer bytes, or a string with K, M or G (1024-based): "16M"
    Group,       ///< one group
    GroupList,   ///< a list of groups, or one group standing for a list of one (ouistiti allows both)
    StringList,  ///< an array or list of strings, or one string standing for a list of one; default: split at
                 ///< commas
    Words,       ///< a string of words (`choices`) split by commas or spaces, as ouistiti's `options` and
                 ///< `security`
    Ignored,     ///< a key of ouistiti that has no effect here: accepted silently
};

struct Key {
    const char* name;
    Type type;
    const char* default_text;  ///< as it would stand in a file, without quotes; nullptr: no default (unset)
    const char* help;          ///< one sentence
    int64_t min =
        std::numeric_limits<int64_t>::min();  ///< of Integer, Seconds, Size (these two: never below 0)
    int64_t max = std::numeric_limits<int64_t>::max();
    const char* choices =
        nullptr;  ///< String, StringList, Words: allowed values "a|b|c", compared without case; nullptr: any
    std::span<const Key> children = {};  ///< of Group and GroupList
    const char* alias = nullptr;         ///< other names for the same key, "b|c"; the first present counts
    bool reloadable = true;              ///< SIGHUP may change it without a restart
};

}  // namespace marmoset::config
