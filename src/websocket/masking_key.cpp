#include "websocket/masking_key.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace marmoset::websocket {

namespace {

constexpr size_t kPool = 1024;

struct Pool {
    uint8_t bytes[kPool];
    size_t used = kPool;

    void fill() {
        size_t filled = 0;
        while (filled < kPool) {
            const ssize_t count = getrandom(bytes + filled, kPool - filled, 0);
            if (count > 0) filled += static_cast<size_t>(count);
            if (count < 0 && errno != EINTR) std::abort();  // a key that can be guessed must not be sent
        }
        used = 0;
    }
};

}  // namespace

void make_masking_key(uint8_t key[4]) {
    static thread_local Pool pool;
    if (pool.used == kPool) pool.fill();
    std::memcpy(key, pool.bytes + pool.used, 4);
    pool.used += 4;
}

}  // namespace marmoset::websocket
