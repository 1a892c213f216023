// How fast one client may speak: so many messages a second, and as many at once. In: messages and the time.
// Out: how long to take no more.
#pragma once

#include <algorithm>
#include <cstdint>

namespace chat {

class Pace {
  public:
    /// A message at `now` (milliseconds, any clock that only grows); `rate`: messages a second, not 0.
    /// Returns for how many milliseconds no other one is to be taken.
    unsigned count(uint64_t now, unsigned rate) {
        const double burst = std::max(1.0, static_cast<double>(rate));
        if (last_ == 0) allowed_ = burst;
        allowed_ = std::min(burst, allowed_ + static_cast<double>(now - last_) * rate / 1000.0);
        last_ = now;
        allowed_ -= 1;
        return allowed_ >= 1 ? 0 : static_cast<unsigned>((1 - allowed_) * 1000 / rate) + 1;
    }

  private:
    double allowed_ = 0;  // messages that may come at once; below 1: none
    uint64_t last_ = 0;
};

}  // namespace chat
