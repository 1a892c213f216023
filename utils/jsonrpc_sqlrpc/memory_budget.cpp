#include "memory_budget.h"

#include <sqlite3.h>

#include <mutex>

namespace marmoset::sqlrpc {

namespace {

constexpr int64_t kLarge = 64 << 10;  // bytes

thread_local MemoryBudget* current = nullptr;
sqlite3_mem_methods original;

}  // namespace

struct CountingAllocator {
    static bool permits(int64_t bytes) {
        if (current == nullptr || bytes <= 0) return true;
        if (bytes >= kLarge && current->is_over_ && (*current->is_over_)()) return false;
        return current->used_ + bytes <= current->limit_;
    }
    static void count(int64_t bytes) {
        if (current) current->used_ += bytes;
    }
    static void* take(int bytes) {
        if (!permits(bytes)) return nullptr;
        void* memory = original.xMalloc(bytes);
        if (memory) count(original.xSize(memory));
        return memory;
    }
    static void give_back(void* memory) {
        if (memory) count(-int64_t{original.xSize(memory)});
        original.xFree(memory);
    }
    static void* change(void* memory, int bytes) {
        const int before = memory ? original.xSize(memory) : 0;
        if (!permits(int64_t{bytes} - before)) return nullptr;
        void* const changed = original.xRealloc(memory, bytes);
        if (changed) count(int64_t{original.xSize(changed)} - before);
        return changed;
    }
};

bool MemoryBudget::install() {
    static std::once_flag once;
    static bool installed = false;
    std::call_once(once, [] {
        if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &original) != SQLITE_OK || !original.xMalloc) return;
        sqlite3_mem_methods counting = original;
        counting.xMalloc = CountingAllocator::take;
        counting.xFree = CountingAllocator::give_back;
        counting.xRealloc = CountingAllocator::change;
        installed = sqlite3_config(SQLITE_CONFIG_MALLOC, &counting) == SQLITE_OK;
    });
    return installed;
}

MemoryBudget::Scope::Scope(MemoryBudget& budget) : outer_(current) {
    current = &budget;
}

MemoryBudget::Scope::~Scope() {
    current = outer_;
}

}  // namespace marmoset::sqlrpc
