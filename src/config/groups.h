// The groups of a `servers` entry that belong to modules: which there are, by the module's name.
#pragma once

#include <string>
#include <vector>

#include "config/document.h"

namespace marmoset::config {

/// Groups served by one module, in file order. More than one section where the file has a list of groups.
struct ModuleGroup {
    std::string module;  ///< the module's name; the file may use an alias of ouistiti's ("static_file" for
                         ///< "document")
    std::vector<Section> sections;
};

/// All groups in `section` that `module_keys` knows. Of several aliases of one module the first in the alias
/// list counts, as in ouistiti.
std::vector<ModuleGroup> module_groups(const Section& section, const ModuleKeys& module_keys);

}  // namespace marmoset::config
