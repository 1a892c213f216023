// Durations in logarithmic buckets, 32 to a power of two: any quantile within 3 %, no allocation while
// recording. In: nanoseconds. Out: quantiles in nanoseconds.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace marmoset::bench {

class Histogram {
  public:
    void record(uint64_t value) {
        ++buckets_[bucket_of(value)];
        ++count_;
        highest_ = std::max(highest_, value);
    }
    void clear() { *this = Histogram(); }

    uint64_t count() const { return count_; }
    uint64_t highest() const { return highest_; }

    /// The value below which `share` (0 to 1) of the recorded ones lie: the middle of its bucket; 0 when
    /// empty.
    uint64_t quantile(double share) const {
        if (count_ == 0) return 0;
        auto rank = static_cast<uint64_t>(share * static_cast<double>(count_ - 1));
        uint64_t seen = 0;
        for (size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen > rank) return std::min((lower_bound(i) + lower_bound(i + 1)) / 2, highest_);
        }
        return highest_;
    }

  private:
    static constexpr unsigned kStepBits = 5;
    static constexpr uint64_t kSteps = 1u << kStepBits;

    // Below 32 one bucket a value; above, the 5 bits behind the leading one choose the bucket in its octave.
    static size_t bucket_of(uint64_t value) {
        if (value < kSteps) return value;
        unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
        return (shift + 1) * kSteps + ((value >> shift) & (kSteps - 1));
    }
    static uint64_t lower_bound(size_t bucket) {
        if (bucket < kSteps) return bucket;
        size_t shift = bucket / kSteps - 1;
        return (kSteps + bucket % kSteps) << shift;
    }

    std::array<uint64_t, kSteps*(64 - kStepBits + 1)> buckets_{};
    uint64_t count_ = 0;
    uint64_t highest_ = 0;
};

}  // namespace marmoset::bench
