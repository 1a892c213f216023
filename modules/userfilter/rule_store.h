// The rules' database, with ouistiti's tables: methods(id, name), roles(id, name), rules(exp, methodid,
// roleid). In: a file. Out: the rules in it, and changes of them. All calls block and are for the thread
// pool, one at a time: the store locks. A store is used by one process only.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "auth/database.h"
#include "base/result.h"
#include "rules.h"

namespace marmoset::userfilter {

/// More of them are refused: each request may look at all.
inline constexpr size_t kMostRules = 4096;

class RuleStore {
  public:
    /// Nothing is opened before the first call that needs it.
    explicit RuleStore(std::string path) : path_(std::move(path)) {}

    /// Makes the file and its tables if there are none: the superuser may read everything and change the
    /// rules at `configuration_uri`, nobody else may do anything.
    Result<void> make(std::string_view configuration_uri);

    /// The rules, if they are others than the last call has given; nullptr if they are the same. A file that
    /// was put in the place of the old one is another, too.
    Result<std::shared_ptr<const RuleSet>> read_changed();

    /// One more rule; the same one again changes nothing. EINVAL: no such method, or a text that can't be
    /// kept; ENOSPC: there are kMostRules already.
    Result<void> add(const Rule& rule);
    /// False: there is no such rule.
    Result<bool> remove(int64_t id);

  private:
    Result<auth::Database*> open();
    Result<int64_t> find_or_add(auth::Database& database, const char* table, std::string_view name);
    static Result<RuleSet> read(auth::Database& database);

    const std::string path_;
    std::mutex mutex_;
    std::optional<auth::Database> database_;
    struct stat file_ {};             // of the open one
    std::optional<int64_t> version_;  // PRAGMA data_version of what was read last
    bool changed_ = false;            // by ourselves, which data_version does not tell
};

}  // namespace marmoset::userfilter
