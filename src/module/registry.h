// Where modules come from: those linked in, and `<name>.so` in the module paths. In: a group's name. Out: its
// table, checked against our own interface.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "module/abi.h"
#include "module/shared_store.h"

namespace marmoset::module {

class Registry {
  public:
    /// `paths`: folders searched in order; missing ones are skipped.
    explicit Registry(std::vector<std::string> paths) : paths_(std::move(paths)) {}

    /// The module that serves configuration group `name`, loading it if need be. nullptr: there is none. A
    /// file that can't be loaded or has another interface is remembered in errors() and counts as none.
    const MarmosetModule* find(std::string_view name);
    /// Every module of this build: linked in, and found in the paths.
    std::vector<const MarmosetModule*> all();
    /// What was wrong with files that were found.
    const std::vector<std::string>& errors() const { return errors_; }
    /// What modules share between processes and over reloads.
    SharedStore& store() { return store_; }

    /// Looks again for what was not there, or could not be loaded (a reload). What is loaded stays.
    void forget_failures();

  private:
    const MarmosetModule* load(const std::string& file, const std::string& name);

    std::vector<std::string> paths_;
    std::vector<const MarmosetModule*> loaded_;
    std::vector<std::string> tried_;  // names looked for in vain
    std::vector<std::string> errors_;
    SharedStore store_;
};

/// Empty if the table may be used, else what does not fit, both sides named.
std::string check_interface(const MarmosetModule& module, std::string_view build_tag);

}  // namespace marmoset::module
