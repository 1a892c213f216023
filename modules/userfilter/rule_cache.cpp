#include "rule_cache.h"

#include <utility>

#include "log/logger.h"

namespace marmoset::userfilter {

namespace {

constexpr uint64_t kCheckMs = 1000;

}  // namespace

void RuleCache::start(net::Loop& loop) {
    loop_ = &loop;
    last_ = rules_;
}

bool RuleCache::fresh() {
    if (shared_ && shared_->epoch() != seen_) return false;
    if (loop_->now() - checked_ms_ >= kCheckMs) read();
    return true;
}

void RuleCache::refresh(std::function<void()> done) {
    // One that runs may have begun before what the caller wants to see.
    (busy_ ? next_ : waiting_).push_back(std::move(done));
    read();
}

// Before it reads, the epoch: what is announced meanwhile is read the next time.
void RuleCache::read() {
    if (busy_) return;
    busy_ = true;
    reading_ = shared_ ? shared_->epoch() : 0;
    checked_ms_ = loop_->now();
    auto result = std::make_shared<Result<std::shared_ptr<const RuleSet>>>(Error{});
    loop_->run_blocking([store = store_, result] { *result = store->read_changed(); },
                        [this, result] { on_read(*result); });
}

void RuleCache::on_read(const Result<std::shared_ptr<const RuleSet>>& result) {
    busy_ = false;
    seen_ = reading_;
    if (!result) {
        static log::RateLimit limit;
        if (limit.permit(loop_->now()))
            log::error("userfilter: {}; nothing is permitted{}", result.error().text, limit.suffix());
        rules_ = nullptr;
    } else {
        if (*result) last_ = *result;
        rules_ = last_;
    }
    const auto told = std::exchange(waiting_, std::exchange(next_, {}));
    if (!waiting_.empty()) read();
    for (const auto& done : told)
        done();
}

void RuleCache::change(std::function<Result<bool>(RuleStore&)> change,
                       std::function<void(const Result<bool>&)> done) {
    auto result = std::make_shared<Result<bool>>(false);
    loop_->run_blocking([store = store_, result, change = std::move(change)] { *result = change(*store); },
                        [this, result, done = std::move(done)] {
                            const bool changed = *result && **result;
                            if (changed && shared_) shared_->announce();
                            if (!changed) return done(*result);
                            refresh([result, done] { done(*result); });
                        });
}

}  // namespace marmoset::userfilter
