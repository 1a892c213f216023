// Memory that forked processes share: made before the fork, zeroed, gone with the last of them.
#pragma once

#include <cstddef>

namespace marmoset {

class SharedMemory {
  public:
    /// Throws std::bad_alloc.
    explicit SharedMemory(size_t size);
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    /// Page-aligned.
    void* data() const { return data_; }
    size_t size() const { return size_; }

  private:
    void* data_;
    size_t size_;
};

}  // namespace marmoset
