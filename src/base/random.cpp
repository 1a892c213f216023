#include "base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace marmoset {

void random_bytes(MutableBytes out) {
    while (!out.empty()) {
        // Up to 256 bytes are never interrupted and never short.
        const ssize_t count = getrandom(out.data(), std::min<size_t>(out.size(), 256), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) std::abort();  // no secret is better than a guessable one
        out = out.subspan(static_cast<size_t>(count));
    }
}

}  // namespace marmoset
