#include "module/shared_store.h"

namespace marmoset::module {

std::shared_ptr<SharedMemory> SharedStore::get(const std::string& name, size_t size) {
    std::erase_if(memories_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<SharedMemory>& known = memories_[name];
    auto memory = known.lock();
    if (memory && memory->size() == size) return memory;
    memory = std::make_shared<SharedMemory>(size);
    known = memory;
    return memory;
}

}  // namespace marmoset::module
