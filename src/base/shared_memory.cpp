#include "base/shared_memory.h"

#include <sys/mman.h>

#include <new>

namespace marmoset {

SharedMemory::SharedMemory(size_t size)
    : data_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)), size_(size) {
    if (data_ == MAP_FAILED) throw std::bad_alloc();
}

SharedMemory::~SharedMemory() {
    munmap(data_, size_);
}

}  // namespace marmoset
