#include "config/groups.h"

#include <libconfig.h>

#include <algorithm>

#include "config/value.h"

namespace marmoset::config {

namespace {

// The name in the file that counts for a module: its own, else the first alias that is there.
std::string name_in_file(const config_setting_t* setting, const std::string& module) {
    if (config_setting_get_member(setting, module.c_str())) return module;
    const GroupInfo* info = find_known_group(module);
    for (std::string_view alias : alternatives(info ? info->alias : nullptr)) {
        if (config_setting_get_member(setting, std::string(alias).c_str())) return std::string(alias);
    }
    return module;
}

}  // namespace

std::vector<ModuleGroup> module_groups(const Section& section, const ModuleKeys& module_keys) {
    std::vector<ModuleGroup> groups;
    const config_setting_t* setting = section.setting();
    for (int i = 0; setting && i < config_setting_length(setting); ++i) {
        const config_setting_t* member = config_setting_get_elem(setting, static_cast<unsigned>(i));
        if (!config_setting_is_group(member) && !config_setting_is_list(member)) continue;
        const char* written = config_setting_name(member);
        const GroupInfo* info = find_known_group(written);
        const std::string module = info ? info->name : written;
        const bool seen = std::any_of(groups.begin(), groups.end(),
                                      [&](const ModuleGroup& group) { return group.module == module; });
        std::span<const Key> keys;
        if (seen || !module_keys(module, keys)) continue;
        groups.push_back({module, section.groups(name_in_file(setting, module), keys)});
    }
    return groups;
}

}  // namespace marmoset::config
