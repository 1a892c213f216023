// Deadlines of calls. In: calls, the time. Out: whose time is up.
#include "pending.h"

#include <algorithm>

namespace jsonrpc {

namespace {

// What a call whose time is up has to return, and no less than that.
constexpr std::chrono::milliseconds kGrace(2000);

}  // namespace

Pending::Pending(std::chrono::milliseconds timeout) : timeout_(timeout), grace_(std::min(timeout, kGrace)) {}

void Pending::expect(uint64_t number, Call call, Time now) {
    call.due = now + timeout_;
    bytes_ += call.bytes;
    calls_.emplace(number, call);
    deadlines_.emplace(call.due, number);
}

std::optional<Pending::Call> Pending::take(uint64_t number) {
    const auto found = calls_.find(number);
    if (found == calls_.end()) return {};
    const Call call = found->second;
    calls_.erase(found);
    bytes_ -= call.bytes;
    (call.overdue ? last_ : deadlines_).erase({call.due, number});
    return call;
}

std::optional<Pending::Call> Pending::answered(uint64_t number) {
    const auto found = calls_.find(number);
    if (found == calls_.end()) return {};
    const Call before = found->second;
    found->second.answered = true;
    return before;
}

std::optional<std::pair<uint64_t, Pending::Call>> Pending::next_overdue(Time now) {
    if (deadlines_.empty() || deadlines_.begin()->first > now) return {};
    const uint64_t number = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    Call& call = calls_.at(number);
    call.overdue = true;
    call.due = now + grace_;
    last_.emplace(call.due, number);
    return std::pair(number, call);
}

void Pending::running(uint64_t number, std::chrono::milliseconds since, Time now) {
    const auto found = calls_.find(number);
    if (found == calls_.end() || !found->second.overdue) return;
    Call& call = found->second;
    last_.erase({call.due, number});
    call.due = now - since + longest();
    last_.emplace(call.due, number);
}

bool Pending::hangs(Time now) const {
    return !last_.empty() && last_.begin()->first <= now;
}

std::map<uint64_t, Pending::Call> Pending::clear() {
    std::map<uint64_t, Call> all(calls_.begin(), calls_.end());
    calls_.clear();
    deadlines_.clear();
    last_.clear();
    bytes_ = 0;
    return all;
}

}  // namespace jsonrpc
