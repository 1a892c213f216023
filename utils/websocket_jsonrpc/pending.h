// What a worker process has not answered yet, and when its time is up. In: calls and openings, what the
// process says of them, the time. Out: those whose time is up; whether the process hangs. Knows no process.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace jsonrpc {

class Pending {
  public:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;

    struct Call {
        uint64_t client;
        size_t bytes = 0;
        bool opening = false;
        bool again = false;     ///< an opening after the process was started anew
        bool answered = false;  ///< by the library, whose function has yet to return
        bool overdue = false;   ///< was answered for its time; the process has yet to say that it has ended
        Time due = {};          ///< its time is up then; of an overdue one: the process hangs then
    };

    explicit Pending(std::chrono::milliseconds timeout);

    void expect(uint64_t number, Call call, Time now);
    /// It has ended: forgets it. Nothing: it is not known.
    std::optional<Call> take(uint64_t number);
    /// The library has answered it, and its function has yet to return. Returns it as it was before.
    std::optional<Call> answered(uint64_t number);
    /// The next one whose time is up, each once. The process, asked to cancel it, has so long to say that it
    /// has ended or that it runs.
    std::optional<std::pair<uint64_t, Call>> next_overdue(Time now);
    /// An overdue one has been running for so long: what it waited for a thread before does not count.
    void running(uint64_t number, std::chrono::milliseconds since, Time now);
    /// An overdue one has not ended in its time and some more, and is not said to have begun later.
    bool hangs(Time now) const;
    /// How long one may run before that.
    std::chrono::milliseconds longest() const { return timeout_ + grace_; }
    /// Forgets all, and returns them in the order of their numbers.
    std::map<uint64_t, Call> clear();

    size_t size() const { return calls_.size(); }
    size_t bytes() const { return bytes_; }

  private:
    using Deadlines = std::set<std::pair<Time, uint64_t>>;

    std::chrono::milliseconds timeout_, grace_;
    std::unordered_map<uint64_t, Call> calls_;
    Deadlines deadlines_, last_;  ///< last_: of overdue ones
    size_t bytes_ = 0;
};

}  // namespace jsonrpc
