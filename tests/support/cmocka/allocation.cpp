#include "allocation.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>

#include "interface.h"

namespace cmocka {
namespace {

constexpr size_t guard_size = 16;  // keeps malloc's alignment
constexpr int guard_byte = 0xef;
constexpr int fresh_byte = 0xba;
constexpr int freed_byte = 0xcd;

struct Block {
    unsigned char* memory;  // of the code under test; a guard before and one behind it
    size_t size;
    Location allocated;
    Checkpoint number;
};

struct Blocks {
    std::map<void*, Block> live;
    Checkpoint next = 0;
};

// Never destroyed: test_free may come from the destructor of a static object.
Blocks& blocks() {
    static auto& all = *new Blocks;
    return all;
}

const unsigned char* first_changed(const unsigned char* guard) {
    const unsigned char* end = guard + guard_size;
    const auto* found = std::find_if(guard, end, [](unsigned char byte) { return byte != guard_byte; });
    return found == end ? nullptr : found;
}

// The address of an overwritten byte beside the block, or null.
const unsigned char* corrupt_byte(const Block& block) {
    const auto* before = first_changed(block.memory - guard_size);
    return before != nullptr ? before : first_changed(block.memory + block.size);
}

// Says so when the block's neighbourhood is not as it was; found: where that was noticed.
bool say_if_corrupt(const Block& block, Location found) {
    const auto* byte = corrupt_byte(block);
    if (byte == nullptr) return false;
    say("%s:%d: error: Guard block of %p size=%zu is corrupt\n%s:%d: note: allocated here at %p\n",
        found.file, found.line, static_cast<const void*>(block.memory), block.size, block.allocated.file,
        block.allocated.line, static_cast<const void*>(byte));
    return true;
}

void release(const Block& block) {
    unsigned char* raw = block.memory - guard_size;
    std::memset(raw, freed_byte, block.size + 2 * guard_size);
    std::free(raw);
}

void* allocate(size_t size, Location where) noexcept {
    if (size > PTRDIFF_MAX - 2 * guard_size) return nullptr;
    auto* raw = static_cast<unsigned char*>(std::malloc(size + 2 * guard_size));
    if (raw == nullptr) return nullptr;
    std::memset(raw, guard_byte, guard_size);
    std::memset(raw + guard_size, fresh_byte, size);
    std::memset(raw + guard_size + size, guard_byte, guard_size);
    blocks().live[raw + guard_size] = {raw + guard_size, size, where, blocks().next++};
    return raw + guard_size;
}

// The block at an address; null, and said why, when there is none or it was overwritten beside.
const Block* sound_block(void* memory, Location where) noexcept {
    const auto found = blocks().live.find(memory);
    if (found == blocks().live.end()) {
        say("%s:%d: error: Block %p is not allocated by test_malloc, or freed already\n", where.file,
            where.line, memory);
        return nullptr;
    }
    return say_if_corrupt(found->second, where) ? nullptr : &found->second;
}

void free_block(const Block* block) noexcept {
    const Block copy = *block;
    blocks().live.erase(copy.memory);
    release(copy);
}

// The live ones in the order of their allocation.
std::map<Checkpoint, Block> live_since(Checkpoint checkpoint) {
    std::map<Checkpoint, Block> found;
    for (const auto& [memory, block] : blocks().live) {
        if (block.number >= checkpoint) found[block.number] = block;
    }
    return found;
}

}  // namespace

Checkpoint allocation_checkpoint() noexcept {
    return blocks().next;
}

bool blocks_since(Checkpoint checkpoint) noexcept {
    return !live_since(checkpoint).empty();
}

Location leaked_since(Checkpoint checkpoint, const char* name, bool& has_line) noexcept {
    const auto leaked = live_since(checkpoint);
    if (leaked.empty()) return {};
    say("Blocks allocated...\n");
    for (const auto& [number, block] : leaked) {
        say("%s:%d: note: block %p allocated here\n", block.allocated.file, block.allocated.line,
            static_cast<const void*>(block.memory));
    }
    for (const auto& [number, block] : leaked) {
        has_line = say_if_corrupt(block, block.allocated);
        if (has_line) return block.allocated;
        free_block(&block);
    }
    say("ERROR: %s leaked %zu block(s)\n", name, leaked.size());
    return leaked.begin()->second.allocated;
}

}  // namespace cmocka

void* _test_malloc(size_t size, const char* file, int line) {
    return cmocka::allocate(size, {file, line});
}

void* _test_calloc(size_t number_of_elements, size_t size, const char* file, int line) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(number_of_elements, size, &bytes)) return nullptr;
    void* memory = cmocka::allocate(bytes, {file, line});
    if (memory != nullptr) std::memset(memory, 0, bytes);
    return memory;
}

void* _test_realloc(void* ptr, size_t size, const char* file, int line) {
    if (ptr == nullptr) return cmocka::allocate(size, {file, line});
    const cmocka::Block* old = cmocka::sound_block(ptr, {file, line});
    if (old == nullptr) cmocka::fail_at({file, line});
    void* memory = nullptr;
    if (size != 0) {
        memory = cmocka::allocate(size, {file, line});
        if (memory == nullptr) return nullptr;
        std::memcpy(memory, ptr, std::min(size, old->size));
    }
    cmocka::free_block(old);
    return memory;
}

void _test_free(void* ptr, const char* file, int line) {
    if (ptr == nullptr) return;
    const cmocka::Block* block = cmocka::sound_block(ptr, {file, line});
    if (block == nullptr) cmocka::fail_at({file, line});
    cmocka::free_block(block);
}
