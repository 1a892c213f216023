// Memory that belongs to all workers and outlives reloads, by name: what one worker has learned and the
// others must know, and what a new configuration goes on with.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/shared_memory.h"

namespace marmoset::module {

class SharedStore {
  public:
    /// The memory of that name and size, zeroed when it is new. To be asked for in a module's `create`: what
    /// is made after the fork is one worker's own. It stays as long as anyone holds it; in a reload the
    /// instance before still does. Throws std::bad_alloc.
    std::shared_ptr<SharedMemory> get(const std::string& name, size_t size);

  private:
    std::map<std::string, std::weak_ptr<SharedMemory>> memories_;
};

}  // namespace marmoset::module
