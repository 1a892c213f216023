#include "tests/support/allocations.h"

#include <cstddef>

namespace {

thread_local uint64_t count = 0;

}  // namespace

uint64_t marmoset::test::allocations() {
    return count;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MARMOSET_SANITIZER_HOOKS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MARMOSET_SANITIZER_HOOKS
#endif
#endif

#ifdef MARMOSET_SANITIZER_HOOKS

// The sanitizer owns malloc; it tells of each call.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*, size_t),
                                                         void (*free_hook)(const volatile void*));

namespace {

[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, size_t) { ++count; }, [](const volatile void*) {});

}  // namespace

#else

// In front of glibc's own, which are found under these names; free() stays theirs.
extern "C" {
void* __libc_malloc(size_t size) noexcept;
void* __libc_calloc(size_t number, size_t size) noexcept;
void* __libc_realloc(void* memory, size_t size) noexcept;

void* malloc(size_t size) noexcept {
    ++count;
    return __libc_malloc(size);
}
void* calloc(size_t number, size_t size) noexcept {
    ++count;
    return __libc_calloc(number, size);
}
void* realloc(void* memory, size_t size) noexcept {
    ++count;
    return __libc_realloc(memory, size);
}
}

#endif
