// Checking of whole documents against the tables. In: files, tables. Out: one line for each error and
// warning, "file:line: path.key: what", in the order of the files.

#include <fmt/format.h>
#include <libconfig.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "config/document_file.h"
#include "config/value.h"

namespace marmoset::config {

namespace {

using Setting = const config_setting_t*;

/// What a group may hold beside its own keys.
enum class Holds { Keys, KeysAndModules };

/// Edit distance, but two neighbours that changed places are one slip: "auht".
unsigned slips(std::string_view written, std::string_view meant) {
    if (written.size() == meant.size()) {
        auto [first, second] = std::mismatch(written.begin(), written.end(), meant.begin());
        if (written.end() - first >= 2 && first[0] == second[1] && first[1] == second[0] &&
            std::equal(first + 2, written.end(), second + 2)) {
            return 1;
        }
    }
    return edit_distance(written, meant);
}

class Checker {
  public:
    Checker(const ModuleKeys& module_keys, Diagnostics& diagnostics, bool strict)
        : module_keys_(module_keys), diagnostics_(diagnostics), strict_(strict) {}

    void check_top(Setting root, bool main_file) {
        for (int i = 0; i < config_setting_length(root); ++i) {
            Setting child = config_setting_get_elem(root, static_cast<unsigned>(i));
            std::string_view name = config_setting_name(child);
            if (!main_file && name != "servers" && name != "server") {
                questionable(child, std::string(name), "only servers are read from a file of config_d");
                continue;
            }
            check_member(root, child, global_keys(), Holds::Keys, "");
        }
    }

  private:
    void error(Setting at, const std::string& path, const std::string& what) {
        diagnostics_.errors.push_back(fmt::format("{}: {}: {}", location_text(at), path, what));
    }
    void warn(Setting at, const std::string& path, const std::string& what) {
        diagnostics_.warnings.push_back(fmt::format("{}: {}: {}", location_text(at), path, what));
    }
    /// Something without effect: `strict` decides how bad that is.
    void questionable(Setting at, const std::string& path, const std::string& what) {
        if (strict_) return error(at, path, what);
        warn(at, path, what);
    }
    void mismatch(Setting at, const std::string& path, const char* noun, const std::string& expected) {
        error(at, path, fmt::format("{} is not {}; expected {}", value_text(at), noun, expected));
    }

    void check_group(Setting group, std::span<const Key> keys, Holds holds, const std::string& path) {
        for (int i = 0; i < config_setting_length(group); ++i) {
            check_member(group, config_setting_get_elem(group, static_cast<unsigned>(i)), keys, holds, path);
        }
    }

    void check_member(Setting group, Setting child, std::span<const Key> keys, Holds holds,
                      const std::string& group_path) {
        std::string name = config_setting_name(child);
        std::string path = group_path.empty() ? name : group_path + "." + name;
        auto key =
            std::find_if(keys.begin(), keys.end(), [&](const Key& one) { return is_named(one, name); });
        bool found = key != keys.end();
        if (found && holds == Holds::KeysAndModules && config_setting_is_group(child) &&
            key->type != Type::Group && key->type != Type::GroupList && find_known_group(name) != nullptr) {
            found = false;  // a module's group of the same name as a plain key
        }
        if (found) {
            if (check_alias(group, child, key->name, key->alias, path)) check_value(child, *key, path);
        } else if (holds == Holds::KeysAndModules) {
            check_module_group(group, child, keys, path);
        } else {
            unknown(child, keys, holds, path);
        }
    }

    /// False, with a message, if another name of the same key counts instead of this one.
    bool check_alias(Setting group, Setting child, const char* name, const char* aliases,
                     const std::string& path) {
        Setting counts = config_setting_get_member(group, name);
        for (std::string_view alias : alternatives(aliases)) {
            if (counts == nullptr) counts = config_setting_get_member(group, std::string(alias).c_str());
        }
        if (counts == nullptr || counts == child) return true;
        questionable(child, path,
                     fmt::format("not used, because \"{}\" is set too", config_setting_name(counts)));
        return false;
    }

    void check_module_group(Setting group, Setting child, std::span<const Key> keys,
                            const std::string& path) {
        std::string_view name = config_setting_name(child);
        const GroupInfo* info = find_known_group(name);
        std::string_view canonical = info != nullptr ? info->name : name;
        std::span<const Key> module_keys;
        if (!module_keys_ || !module_keys_(canonical, module_keys)) {
            if (info == nullptr) return unknown(child, keys, Holds::KeysAndModules, path);
            if (info->protects) {
                return error(
                    child, path,
                    fmt::format("this build has no module \"{}\", and leaving the group out would open "
                                "what it protects",
                                canonical));
            }
            if (info->essential) {
                return error(
                    child, path,
                    fmt::format("no module \"{}\" was found; -M names the folder of the modules", canonical));
            }
            return warn(child, path,
                        fmt::format("this build has no module \"{}\"; the group is left out", canonical));
        }
        if (info != nullptr && !check_alias(group, child, info->name, info->alias, path)) return;
        Holds holds = canonical == "vhost" ? Holds::KeysAndModules : Holds::Keys;
        if (config_setting_is_group(child)) return check_group(child, module_keys, holds, path);
        bool several = info == nullptr || info->list;
        if (!config_setting_is_list(child) || (!several && config_setting_length(child) > 1)) {
            return mismatch(child, path, "a group", several ? "a group or a list of groups" : "one group");
        }
        check_group_list(child, module_keys, holds, path);
    }

    void check_group_list(Setting list, std::span<const Key> keys, Holds holds, const std::string& path) {
        for (int i = 0; i < config_setting_length(list); ++i) {
            Setting element = config_setting_get_elem(list, static_cast<unsigned>(i));
            std::string element_path = fmt::format("{}[{}]", path, i);
            if (config_setting_is_group(element)) {
                check_group(element, keys, holds, element_path);
            } else {
                mismatch(element, element_path, "a group", "a group");
            }
        }
    }

    void unknown(Setting child, std::span<const Key> keys, Holds holds, const std::string& path) {
        std::string_view name = config_setting_name(child);
        std::string_view nearest;
        bool protects = false;
        // Of a short name one letter may differ, of a long one three: more is another word, not a slip.
        unsigned best = std::clamp<unsigned>(static_cast<unsigned>(name.size()) / 3, 1, 3) + 1;
        auto consider = [&](std::string_view candidate, bool candidate_protects) {
            unsigned distance = slips(name, candidate);
            if (distance >= best) return;
            best = distance;
            nearest = candidate;
            protects = candidate_protects;
        };
        for (const Key& key : keys) {
            consider(key.name, false);
            for (std::string_view alias : alternatives(key.alias))
                consider(alias, false);
        }
        if (holds == Holds::KeysAndModules) {
            for (const GroupInfo& group : known_groups()) {
                consider(group.name, group.protects);
                for (std::string_view alias : alternatives(group.alias))
                    consider(alias, group.protects);
            }
        }
        std::string what = "unknown key";
        if (!nearest.empty()) what += fmt::format("; did you mean \"{}\"?", nearest);
        // A mistyped `auth` must not start a server without it.
        if (protects && config_setting_is_aggregate(child)) return error(child, path, what);
        questionable(child, path, what);
    }

    void check_value(Setting value, const Key& key, const std::string& path) {
        int type = config_setting_type(value);
        switch (key.type) {
            case Type::Ignored:
                return;
            case Type::String:
                return check_string(value, key, path);
            case Type::Words:
                return check_words(value, key, path);
            case Type::StringList:
                return check_string_list(value, key, path);
            case Type::Boolean:
                if (type != CONFIG_TYPE_BOOL) mismatch(value, path, type_text(key.type), expectation(key));
                return;
            case Type::Integer:
                if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
                    return mismatch(value, path, type_text(key.type), expectation(key));
                }
                return check_range(value, static_cast<double>(config_setting_get_int64(value)), key, path);
            case Type::Seconds:
            case Type::Size:
                return check_amount(value, key, path);
            case Type::Group:
                if (!config_setting_is_group(value))
                    return mismatch(value, path, type_text(key.type), "a group");
                return check_group(value, key.children, Holds::Keys, path);
            case Type::GroupList:
                return check_groups(value, key, path);
        }
    }

    void check_string(Setting value, const Key& key, const std::string& path) {
        const char* text = config_setting_get_string(value);
        if (text == nullptr) {
            mismatch(value, path, "a string", expectation(key));
        } else if (!is_choice(key.choices, text)) {
            mismatch(value, path, "a choice", expectation(key));
        }
    }

    void check_words(Setting value, const Key& key, const std::string& path) {
        const char* text = config_setting_get_string(value);
        if (text == nullptr) return mismatch(value, path, type_text(key.type), expectation(key));
        for (std::string_view word : split_words(text)) {
            if (is_choice(key.choices, word)) continue;
            questionable(value, path,
                         fmt::format("unknown word \"{}\"; expected {}", word, expectation(key)));
        }
    }

    void check_string_list(Setting value, const Key& key, const std::string& path) {
        if (config_setting_type(value) == CONFIG_TYPE_STRING) return check_string(value, key, path);
        if (!config_setting_is_array(value) && !config_setting_is_list(value)) {
            return mismatch(value, path, type_text(key.type), expectation(key));
        }
        for (int i = 0; i < config_setting_length(value); ++i) {
            Setting element = config_setting_get_elem(value, static_cast<unsigned>(i));
            std::string element_path = fmt::format("{}[{}]", path, i);
            const char* text = config_setting_get_string(element);
            if (text == nullptr) {
                mismatch(element, element_path, "a string", "a string");
            } else if (!is_choice(key.choices, text)) {
                mismatch(element, element_path, "a choice", expectation(key));
            }
        }
    }

    void check_amount(Setting value, const Key& key, const std::string& path) {
        int type = config_setting_type(value);
        if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) {
            return check_range(value, static_cast<double>(config_setting_get_int64(value)), key, path);
        }
        if (key.type == Type::Seconds && type == CONFIG_TYPE_FLOAT) {
            return check_range(value, config_setting_get_float(value), key, path);
        }
        auto size = key.type == Type::Size && type == CONFIG_TYPE_STRING
                        ? parse_size(config_setting_get_string(value))
                        : std::nullopt;
        if (!size) return mismatch(value, path, type_text(key.type), expectation(key));
        check_range(value, static_cast<double>(*size), key, path);
    }

    /// `number` as a double: the bounds that matter are far below 2^53.
    void check_range(Setting value, double number, const Key& key, const std::string& path) {
        if (number >= static_cast<double>(minimum_of(key)) && number <= static_cast<double>(maximum_of(key)))
            return;
        mismatch(value, path, "in range", expectation(key));
    }

    void check_groups(Setting value, const Key& key, const std::string& path) {
        // The entries of `servers` are the ones that hold modules.
        Holds holds = key.children.data() == server_keys().data() ? Holds::KeysAndModules : Holds::Keys;
        if (config_setting_is_group(value)) return check_group(value, key.children, holds, path);
        bool empty_array = config_setting_is_array(value) && config_setting_length(value) == 0;
        if (!config_setting_is_list(value) && !empty_array) {
            return mismatch(value, path, type_text(key.type), expectation(key));
        }
        check_group_list(value, key.children, holds, path);
    }

    const ModuleKeys& module_keys_;
    Diagnostics& diagnostics_;
    bool strict_;
};

}  // namespace

void Document::check(const ModuleKeys& module_keys, Diagnostics& diagnostics) const {
    Setting strict = config_setting_get_member(files_.front()->root(), "strict");
    bool is_strict = strict != nullptr && config_setting_type(strict) == CONFIG_TYPE_BOOL &&
                     config_setting_get_bool(strict) != 0;
    Checker checker(module_keys, diagnostics, is_strict);
    for (const auto& file : files_)
        checker.check_top(file->root(), file == files_.front());
}

}  // namespace marmoset::config
