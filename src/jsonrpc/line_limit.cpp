#include "jsonrpc/line_limit.h"

#include <chrono>
#include <utility>

namespace marmoset::jsonrpc {

bool LineLimit::permit(uint64_t now_ms) {
    const std::lock_guard lock(mutex_);
    if (now_ms - since_ms_ >= kPeriodMs) {
        since_ms_ = now_ms;
        lines_ = 0;
    }
    if (lines_ < kLines) return ++lines_, true;
    ++suppressed_;
    return false;
}

std::string LineLimit::suffix() {
    const std::lock_guard lock(mutex_);
    const uint64_t count = std::exchange(suppressed_, 0);
    return count == 0 ? std::string() : " (" + std::to_string(count) + " more like it)";
}

uint64_t monotonic_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace marmoset::jsonrpc
