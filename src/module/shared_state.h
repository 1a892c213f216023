// What module instances of all workers have in common: tables in shared memory, by name, made before the
// workers are forked and kept over reloads; and a secret of this start. One object in the process that reads
// the configuration; it outlives all instances.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "base/shared_table.h"

namespace marmoset::module {

class SharedState {
  public:
    SharedState() { random_bytes(secret_); }

    /// The table of that name ("auth.tickets"). Called in create() only: what is made later would be one
    /// worker's own. The size of the first call stays. Throws std::bad_alloc.
    SharedTable& table(const std::string& name, size_t entries, SharedTable::WhenFull when_full) {
        auto& table = tables_[name];
        if (!table) table = std::make_unique<SharedTable>(entries, when_full);
        return *table;
    }

    /// 32 random bytes, the same in all workers and over reloads, another after a restart.
    std::string_view secret() const {
        return {reinterpret_cast<const char*>(secret_.data()), secret_.size()};
    }

  private:
    std::map<std::string, std::unique_ptr<SharedTable>> tables_;
    std::array<uint8_t, 32> secret_;
};

}  // namespace marmoset::module
