// Lines of a log that any client can cause, as often as it likes: so many of them in ten seconds.
// Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace marmoset::jsonrpc {

class LineLimit {
  public:
    /// Whether to write one. `now_ms`: monotonic.
    bool permit(uint64_t now_ms);
    /// "", or how many were not written since this was last asked.
    std::string suffix();

  private:
    static constexpr uint64_t kPeriodMs = 10'000;
    static constexpr unsigned kLines = 20;

    std::mutex mutex_;
    uint64_t since_ms_ = 0, suppressed_ = 0;
    unsigned lines_ = 0;
};

/// Milliseconds of the monotonic clock.
uint64_t monotonic_ms();

}  // namespace marmoset::jsonrpc
